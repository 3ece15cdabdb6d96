"""What a check found, and how it is told: one line each, the fix below what is wrong."""

from __future__ import annotations

from typing import IO, NamedTuple

from .terminal import Paint, plain, writable

__all__ = ["Finding", "bad", "good", "note", "tell"]

_LOOKS = {"good": ("✓", "green"), "bad": ("✗", "red"), "note": ("!", "yellow")}


class Finding(NamedTuple):
    """``state`` is good, bad or note; a note fails nothing. ``fix`` is what to do."""

    state: str
    what: str
    fix: str = ""


def good(what: str) -> Finding:
    """All is well here."""
    return Finding("good", what)


def bad(what: str, fix: str) -> Finding:
    """This must be put right."""
    return Finding("bad", what, fix)


def note(what: str, fix: str = "") -> Finding:
    """Worth a look."""
    return Finding("note", what, fix)


def tell(finding: Finding, out: IO[str]) -> None:
    """One finding."""
    mark, colour = _LOOKS[finding.state]
    text = " ".join(plain(finding.what).split())
    out.write(writable(f"{Paint.of(out)(f'{mark} {text}', colour)}\n", out))
    if finding.fix:
        out.write(writable(f"    → {' '.join(plain(finding.fix).split())}\n", out))
    out.flush()
