"""What is on this machine: Python, versions, HIVELOOP_* variables, adapters and the frameworks they are for."""

from __future__ import annotations

import difflib
import importlib.metadata
import os
import platform
import re
from collections.abc import Iterator
from typing import NamedTuple

from hiveloop._outlet import AUDIT_VARIABLE
from hiveloop._safety import attempt
from hiveloop._version import __version__
from hiveloop.config import Settings

from .findings import Finding, bad, good, note

__all__ = ["adapters", "installation", "masked", "variables"]

_GROUP = "hiveloop.adapters"
#: Frameworks there is an adapter for: adapter → distributions that mean the framework is used.
_FRAMEWORKS = {
    "autogen": ("autogen-agentchat", "ag2"),
    "crewai": ("crewai",),
    "langchain": ("langchain-core", "langgraph"),
    "tenacity": (),  # comes with so much that it says nothing
}
_REQUIREMENT = re.compile(r"^([\w.-]+)(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;(.*))?$")
_CLAUSE = re.compile(r"^(>=|<=|==|!=|~=|>|<)\s*([\d.]+)")
_USERINFO = re.compile(r"//[^/@]*@")
_KNOWN = {f"HIVELOOP_{field.upper()}" for field in Settings.__struct_fields__ if field != "max_queue_bytes"}


class _Needed(NamedTuple):
    """A distribution an adapter is for. ``versions`` is such as ``>=1.0,<2``; ``found`` what is installed."""

    name: str
    versions: str
    found: str | None


def masked(key: str) -> str:
    """Enough of a key to tell it from another, not enough to use it."""
    prefix = re.match(r"hb_(?:live|test|read)_", key)
    start = prefix[0] if prefix else key[:3]
    return f"{start}…{key[-4:]}" if len(key) >= len(start) + 12 else f"{start}…"


def installation() -> Iterator[Finding]:
    """Python and what core is made of."""
    parts = [f"hiveloop {__version__}"]
    for name in ("msgspec", "urllib3", "zstandard"):
        version = _installed(name)
        if version is not None:
            parts.append(f"{name} {version}")
    yield good(f"Python {platform.python_version()} on {platform.system()}, {', '.join(parts)}")


def variables() -> Iterator[Finding]:
    """Each HIVELOOP_* variable, the key masked; names nobody reads are pointed out."""
    found = sorted(name for name in os.environ if name.startswith("HIVELOOP_"))
    if not found:
        yield good("no HIVELOOP_… variable is set: what init is given counts, else the defaults")
    for name in found:
        value = os.environ[name]
        if name == AUDIT_VARIABLE:
            yield bad(f"{name} is set: nothing is sent", f"unset it: unset {name}")
        elif name in _KNOWN:
            yield good(f"{name}={masked(value) if 'KEY' in name else _shown(value)}")
        else:
            near = difflib.get_close_matches(name, _KNOWN, 1)
            yield note(f"nothing reads {name}", f"did you mean {near[0]}?" if near else "")


def _shown(value: str) -> str:
    return _USERINFO.sub("//…@", value)[:200]


def adapters() -> Iterator[Finding]:
    """Each adapter found, the version of its framework, and frameworks whose adapter is missing."""
    points = {point.name: point for point in importlib.metadata.entry_points(group=_GROUP)}
    for name, point in sorted(points.items()):
        loaded, adapter = attempt(point.load, f"adapter {name}")
        if not loaded:
            yield bad(
                f"the adapter {name} cannot be loaded", f"pip install --force-reinstall hiveloop-{name}"
            )
            continue
        yield from _frameworks(name, point, getattr(adapter, "install", f"pip install hiveloop-{name}"))
    for name, distributions in _FRAMEWORKS.items():
        version = next((f"{d} {v}" for d in distributions if (v := _installed(d)) is not None), None)
        if name not in points and version is not None:
            yield note(f"{version} is installed, its adapter is not", f"pip install hiveloop-{name}")
    if not points:
        yield note("no adapter is installed: only what the program reports itself is shown")


def _frameworks(name: str, point: importlib.metadata.EntryPoint, install: str) -> Iterator[Finding]:
    needed = _needed(point)
    present = [need for need in needed if need.found is not None]
    if not present:
        yield note(f"the adapter {name} is here, its framework is not", install)
    for need in present:
        supported = need.versions or "any version"
        if need.found is not None and is_within(need.found, need.versions):
            yield good(f"adapter {name}: {need.name} {need.found} (supported: {supported})")
        else:
            yield bad(
                f"adapter {name}: {need.name} {need.found} is not supported ({supported} is)",
                f"pip install '{need.name}{need.versions}'",
            )


def _needed(point: importlib.metadata.EntryPoint) -> list[_Needed]:
    """What the extras of the adapter's distribution name: its framework, and which versions of it."""
    found = []
    for line in (point.dist.requires or []) if point.dist is not None else []:
        match = _REQUIREMENT.match(line)
        if match is not None and "extra" in (match[3] or ""):
            versions = ",".join(
                sorted((part.strip() for part in match[2].split(",") if part.strip()), reverse=True)
            )
            found.append(_Needed(match[1], versions, _installed(match[1])))
    return found


def _installed(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def is_within(version: str, versions: str) -> bool:
    """Whether a version is one of ``>=1.0,<2``; clauses of another form are taken as met. Releases only count."""
    has = _release(version)
    for clause in versions.split(","):
        match = _CLAUSE.match(clause.strip())
        if match is None:
            continue
        wants = _release(match[2])
        width = max(len(has), len(wants))
        left, right = has + (0,) * (width - len(has)), wants + (0,) * (width - len(wants))
        series = right[: len(wants) - 1]
        met = {
            ">=": left >= right,
            "<=": left <= right,
            ">": left > right,
            "<": left < right,
            "==": left == right,
            "!=": left != right,
            "~=": left >= right and left[: len(series)] == series,
        }[match[1]]
        if not met:
            return False
    return True


def _release(version: str) -> tuple[int, ...]:
    match = re.match(r"v?(?:\d+!)?(\d+(?:\.\d+)*)", version)
    return tuple(int(part) for part in match[1].split(".")) if match else ()
