"""The command line: serve, demo, verify."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .settings import Settings, SettingsError, store_file

__all__ = ["app", "main"]

app = typer.Typer(
    name="hiveboard",
    help="See what your AI agents do, what it costs, and what went wrong.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)
_errors = Console(stderr=True)


@app.callback()
def _about() -> None:
    """See what your AI agents do, what it costs, and what went wrong."""


def _fail(message: str) -> typer.Exit:
    _errors.print(f"[bold red]hiveboard:[/] {message}", highlight=False, soft_wrap=True)
    return typer.Exit(2)


@app.command()
def serve(
    host: Annotated[str, typer.Option(envvar="HIVEBOARD_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="HIVEBOARD_PORT", min=0, max=65535, help="Port; 0 picks a free one.")
    ] = 8000,
    store: Annotated[
        str, typer.Option(envvar="HIVEBOARD_STORE", help="File to keep everything in.")
    ] = "hiveboard.db",
    key: Annotated[
        list[str] | None,
        typer.Option(envvar="HIVEBOARD_KEY", help="A key clients must send (hb_live_…); repeat for several."),
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(envvar="HIVEBOARD_PRICES", help="JSON file with your own prices per model.")
    ] = None,
) -> None:
    """Collect events and show them. The first line printed is the address to open."""
    from .server import bind, make_server, url_of

    try:
        settings = Settings(
            host=host, port=port, store=store_file(store), keys=tuple(key or ()), prices=prices
        )
        listener = bind(settings)
    except SettingsError as error:
        raise _fail(str(error)) from None
    except OSError as error:
        raise _fail(f"cannot listen on {host}:{port}: {error.strerror or error}; try --port 0") from None
    with listener:
        try:
            server = make_server(settings)
        except SettingsError as error:
            raise _fail(str(error)) from None
        except sqlite3.Error as error:
            raise _fail(f"cannot open the store {store}: {error}") from None
        # Whoever reads the address may use it: everything that can refuse to start has started.
        typer.echo(url_of(listener))
        server.run([listener])


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Print what can be read back and end.")] = False,
    host: Annotated[str, typer.Option(envvar="HIVEBOARD_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="HIVEBOARD_PORT", min=0, max=65535, help="Port; 0 picks a free one.")
    ] = 8000,
) -> None:
    """Show a small fleet at work; needs no agent and no key, keeps nothing. The first line is the address to open.

    With --once it ends by itself, with 1 when something that was sent cannot be read back.
    """
    from .replay.demo import run_demo

    with tempfile.TemporaryDirectory(prefix="hiveboard-demo-") as folder:
        try:
            settings = Settings(host=host, port=port, store=Path(folder) / "demo.db")
            complete = run_demo(settings, once=once, console=Console())
        except SettingsError as error:
            raise _fail(str(error)) from None
        except OSError as error:
            raise _fail(f"cannot listen on {host}:{port}: {error.strerror or error}; try --port 0") from None
    if not complete:
        raise typer.Exit(1)


@app.command()
def verify(
    store: Annotated[str, typer.Option(envvar="HIVEBOARD_STORE", help="The file to check.")] = "hiveboard.db",
) -> None:
    """Recount all summaries from the stored events and compare. Exits with 1 when they differ."""
    from rich.table import Table

    from .verify import verify_store

    console = Console()
    try:
        file = store_file(store)
    except SettingsError as error:
        raise _fail(str(error)) from None
    if not file.is_file():
        raise _fail(f"there is no store at {store}")
    try:
        with console.status("recounting") as status:
            events, reports = verify_store(file, lambda done: status.update(f"recounting: {done:,} events"))
    except sqlite3.Error as error:
        raise _fail(f"cannot read the store {store}: {error}") from None
    table = Table("summary", "stored", "recounted", "different", title=f"{events:,} events in {store}")
    for report in reports:
        style = "red" if report.different else "green"
        table.add_row(
            report.table, f"{report.stored:,}", f"{report.recounted:,}", f"{report.different:,}", style=style
        )
    console.print(table)
    if any(report.different for report in reports):
        _errors.print("[bold red]The summaries differ from the events.[/]")
        raise typer.Exit(1)
    console.print("[green]Every summary agrees with the events.[/]")


def main() -> None:
    """Entry point of the ``hiveboard`` command."""
    app()
