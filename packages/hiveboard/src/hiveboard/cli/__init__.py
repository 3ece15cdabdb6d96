"""The ``hiveboard`` command: which commands there are, and the panel of ``--help`` each is shown in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from hiveboard import __version__

from .demo import demo
from .diff import diff
from .doctor import doctor
from .export import export
from .import_events import import_events
from .keys import keys
from .retention import erase, prune
from .runs import runs
from .serve import serve
from .store_care import rebuild, verify
from .tail import tail
from .top import top

__all__ = ["app", "main"]

_COLLECT = "Run a collector"
_LOOK = "Look at what happens and happened"
_MOVE = "Move events"
_STORE = "Care for the store file"

app = typer.Typer(
    name="hiveboard",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"hiveboard {__version__}")
        raise typer.Exit


@app.callback()
def _about(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Say the version and end."),
    ] = False,
) -> None:
    """See what your AI agents do, what it costs, and what went wrong.

    New here? Run 'hiveboard demo', or 'hiveboard serve' and point your agents to it. In trouble? 'hiveboard doctor'.
    """


def _add(command: Callable[..., None], panel: str, example: str, name: str | None = None) -> None:
    app.command(name, rich_help_panel=panel, epilog=f"Example: {example}")(command)


_add(serve, _COLLECT, "hiveboard serve --store team.db --port 8000")
_add(demo, _COLLECT, "hiveboard demo")
app.add_typer(keys, name="keys", rich_help_panel=_COLLECT)
_add(doctor, _COLLECT, "hiveboard doctor --url http://127.0.0.1:8000")
_add(tail, _LOOK, "hiveboard tail --agent lead-qualifier --severity warn")
_add(top, _LOOK, "hiveboard top --interval 5")
_add(runs, _LOOK, "hiveboard runs --status failed --since 24h")
_add(diff, _LOOK, "hiveboard diff lead-4711:run-1 lead-4711:run-2 --markdown")
_add(export, _MOVE, "hiveboard export --since 7d --output events.jsonl")
_add(import_events, _MOVE, "hiveboard import events.jsonl", "import")
_add(verify, _STORE, "hiveboard verify --store team.db")
_add(rebuild, _STORE, "hiveboard rebuild --store team.db")
_add(prune, _STORE, "hiveboard prune --store team.db --keep 30d")
_add(erase, _STORE, "hiveboard erase --store team.db --user user-4711")


def main() -> None:
    """Entry point of the ``hiveboard`` command."""
    app()
