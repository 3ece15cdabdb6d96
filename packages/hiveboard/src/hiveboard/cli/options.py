"""Options that several commands have, and what their values mean."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from hiveboard.instant import SECOND_US, format_instant, now_us, parse_instant
from hiveboard.settings import SettingsError, store_file

from .terminal import fail

__all__ = ["AsJson", "Key", "Project", "Quiet", "Since", "Store", "Until", "Url", "existing_store", "moment"]

_CONNECTION = "Which collector"
_AGO = re.compile(r"(\d{1,9})\s*([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}

Url = Annotated[
    str,
    typer.Option(
        "--url", envvar="HIVEBOARD_URL", help="Address of the collector.", rich_help_panel=_CONNECTION
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key", envvar="HIVEBOARD_KEY", help="Your key (hb_…), where the collector asks for one.",
        rich_help_panel=_CONNECTION, show_envvar=True,
    ),
]  # fmt: skip
Store = Annotated[str, typer.Option(envvar="HIVEBOARD_STORE", help="The store file.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only results and errors.")]
Project = Annotated[str | None, typer.Option(help="Only this project (slug or id).")]
Since = Annotated[
    str | None, typer.Option(metavar="TIME", help="From this time on: 2026-02-10T14:32:01Z, or 2h, 7d ago.")
]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Before this time, told likewise.")]


def existing_store(store: str) -> Path:
    """The file of a store that is there. Ends the command where there is none."""
    try:
        file = store_file(store)
    except SettingsError as error:
        raise fail(str(error)) from None
    if not isinstance(file, Path) or not file.is_file():
        raise fail(f"there is no store at {store}")
    return file


def moment(text: str | None, option: str) -> str | None:
    """A time as the collector reads it; ``2h`` is two hours ago. Ends the command where it is none."""
    if text is None:
        return None
    ago = _AGO.fullmatch(text.strip())
    if ago is not None:
        return format_instant(max(0, now_us() - int(ago[1]) * _SECONDS[ago[2]] * SECOND_US))
    instant = parse_instant(text)
    if instant is None:
        raise fail(f"{option}: name a time such as 2026-02-10T14:32:01Z, or how long ago: 30m, 2h, 7d")
    return format_instant(instant)
