"""What every command says to the terminal: foreign text made harmless, one-line errors, colour on terminals only."""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import typer

# What draws is imported when something is drawn: a collector that starts has nothing to draw.
if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    errors: Console

__all__ = ["cell", "errors", "fail", "one_line", "output", "plain", "say", "shown"]

# Everything a terminal may take for a command, and what makes text run backwards: C0 and C1 controls but the line's
# end and the tab, separators of lines, marks of direction, and halves of characters that cannot be written.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_GAPS = re.compile(r"\s+")


@cache
def _errors() -> Console:
    from rich.console import Console

    return Console(stderr=True)


def __getattr__(name: str) -> Any:
    if name != "errors":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _errors()


def plain(text: str) -> str:
    """Foreign text that only shows: nothing in it moves the cursor, colours, or opens anything."""
    return _HARMFUL.sub("\ufffd", text)


def one_line(text: str) -> str:
    """Foreign text on one line."""
    return _GAPS.sub(" ", plain(text)).strip()


def cell(value: object, style: str = "") -> Text:
    """Anything as a cell of a table: never markup, nothing for None."""
    from rich.text import Text

    return Text("" if value is None else one_line(str(value)), style=style)


def shown(text: str, style: str = "") -> Text:
    """Foreign text to print as it is, in a style."""
    from rich.text import Text

    return Text(plain(text), style=style)


def output() -> Console:
    """Where results go: as wide as the terminal, and as wide as the text where nobody looks at a terminal."""
    from rich.console import Console

    console = Console(highlight=False, emoji=False, markup=False)
    return console if console.is_terminal else Console(highlight=False, emoji=False, markup=False, width=400)


def say(message: str, *, quiet: bool = False) -> None:
    """A remark for the person at the terminal, on standard error so that results stay results."""
    if not quiet:
        from rich.text import Text

        _errors().print(Text(plain(message)), style="dim", highlight=False, soft_wrap=True)


def fail(message: str, code: int = 2) -> typer.Exit:
    """The exit to raise after telling why on standard error; ``message`` is plain text, never markup."""
    from rich.markup import escape

    sys.stdout.flush()
    _errors().print(f"[bold red]hiveboard:[/] {escape(one_line(message))}", highlight=False, soft_wrap=True)
    return typer.Exit(code)
