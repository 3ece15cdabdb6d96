"""A progress bar on standard error, for terminals only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from .terminal import errors

__all__ = ["progress_bar"]


@contextlib.contextmanager
def progress_bar(what: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Call what it gives with how much is done, of how much (0: nobody knows)."""
    if quiet or not errors.is_terminal:
        yield lambda done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total or None)
