"""The ``hiveboard`` command: which commands there are, and the panel of ``--help`` each is shown in."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from hiveboard import __version__

if TYPE_CHECKING:
    app: typer.Typer

__all__ = ["app", "application", "main"]

_COLLECT = "Run a collector"
_LOOK = "Look at what happens and happened"
_MOVE = "Move events"
_STORE = "Care for the store file"


class _Command(NamedTuple):
    """Where a command lives (module and name in it), its panel, and an example; a group of commands has none."""

    module: str
    attribute: str
    panel: str
    example: str | None


_COMMANDS = {
    "serve": _Command("serve", "serve", _COLLECT, "hiveboard serve --store team.db --port 8000"),
    "demo": _Command("demo", "demo", _COLLECT, "hiveboard demo"),
    "keys": _Command("keys", "keys", _COLLECT, None),
    "doctor": _Command("doctor", "doctor", _COLLECT, "hiveboard doctor --url http://127.0.0.1:8000"),
    "tail": _Command("tail", "tail", _LOOK, "hiveboard tail --agent lead-qualifier --severity warn"),
    "top": _Command("top", "top", _LOOK, "hiveboard top --interval 5"),
    "runs": _Command("runs", "runs", _LOOK, "hiveboard runs --status failed --since 24h"),
    "diff": _Command("diff", "diff", _LOOK, "hiveboard diff lead-4711:run-1 lead-4711:run-2 --markdown"),
    "export": _Command("export", "export", _MOVE, "hiveboard export --since 7d --output events.jsonl"),
    "import": _Command("import_events", "import_events", _MOVE, "hiveboard import events.jsonl"),
    "verify": _Command("store_care", "verify", _STORE, "hiveboard verify --store team.db"),
    "rebuild": _Command("store_care", "rebuild", _STORE, "hiveboard rebuild --store team.db"),
    "prune": _Command("retention", "prune", _STORE, "hiveboard prune --store team.db --keep 30d"),
    "erase": _Command("retention", "erase", _STORE, "hiveboard erase --store team.db --user user-4711"),
}


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"hiveboard {__version__}")
        raise typer.Exit


def _about(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Say the version and end."),
    ] = False,
) -> None:
    """See what your AI agents do, what it costs, and what went wrong.

    New here? Run 'hiveboard demo', or 'hiveboard serve' and point your agents to it. In trouble? 'hiveboard doctor'.
    """


def _made_of(names: tuple[str, ...]) -> typer.Typer:
    """The application with these commands; a module is imported only where its command is among them."""
    made = typer.Typer(
        name="hiveboard",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    made.callback()(_about)
    for name in names:
        command = _COMMANDS[name]
        found = getattr(import_module(f"{__name__}.{command.module}"), command.attribute)
        if isinstance(found, typer.Typer):
            made.add_typer(found, name=name, rich_help_panel=command.panel)
        else:
            made.command(name, rich_help_panel=command.panel, epilog=f"Example: {command.example}")(found)
    return made


def main() -> None:
    """Entry point of the ``hiveboard`` command."""
    # What is imported stays: to look for garbage among it only takes time.
    gc.disable()
    # To import and to read the parameters of one command takes a fraction of what all of them take.
    named = tuple(name for name in sys.argv[1:2] if name in _COMMANDS)
    made = application(named)
    gc.enable()
    made()


def application(names: tuple[str, ...] = ()) -> typer.Typer:
    """The application with the commands of these names, or with all."""
    return _made_of(names or tuple(_COMMANDS))


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = globals()["app"] = application()
    return made
