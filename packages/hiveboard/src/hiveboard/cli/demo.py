"""``hiveboard demo``: a small fleet at work, to look at."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hiveboard.settings import Settings, SettingsError

from .terminal import fail

__all__ = ["demo"]


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
    from hiveboard.replay.demo import run_demo

    with tempfile.TemporaryDirectory(prefix="hiveboard-demo-") as folder:
        try:
            settings = Settings(host=host, port=port, store=Path(folder) / "demo.db")
            complete = run_demo(settings, once=once, console=Console())
        except SettingsError as error:
            raise fail(str(error)) from None
        except OSError as error:
            raise fail(f"cannot listen on {host}:{port}: {error.strerror or error}; try --port 0") from None
    if not complete:
        raise typer.Exit(1)
