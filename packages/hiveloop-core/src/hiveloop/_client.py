"""``init``, ``flush``, ``shutdown``, ``reset``: wires buffer, sender, pipeline and heartbeats into the runtime."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
from collections.abc import Iterable, Mapping

from . import config
from ._board import HiveBoard
from ._pipeline import Middleware
from ._prices import PriceTable
from ._runtime import runtime
from ._safety import contained
from .errors import HiveLoopConfigError

__all__ = ["flush", "init", "reset", "shutdown"]

log = logging.getLogger("hiveloop")


_board: HiveBoard | None = None
_lock = threading.RLock()


def init(
    api_key: str | None = None,
    endpoint: str | None = None,
    environment: str | None = "production",
    group: str | None = "default",
    flush_interval: float | None = 5.0,
    batch_size: int | None = 100,
    max_queue_size: int | None = 100_000,
    debug: bool | None = False,
    *,
    middleware: Iterable[Middleware] | None = (),
    capture_content: bool | None = True,
    prices: Mapping[str, Mapping[str, float]] | None = None,
    instrument: bool | Iterable[str] = False,
) -> HiveBoard:
    """Start sending. A second call warns and returns the first client; after ``shutdown`` it starts afresh.

    Args:
        api_key: ``hb_live_…`` or ``hb_test_…``; ``None``: ``HIVELOOP_API_KEY``, and on a loopback endpoint none is needed.
        endpoint: URL of the collector; ``None``: ``HIVELOOP_ENDPOINT``, then ``http://127.0.0.1:8000``.
        environment: filterable name, 64 characters; ``None``: ``HIVELOOP_ENVIRONMENT``.
        group: filterable name, 128 characters; ``None``: ``HIVELOOP_GROUP``.
        flush_interval: seconds between deliveries of incomplete batches.
        batch_size: events per request, 1 to 500.
        max_queue_size: events kept in memory (and 64 MB) before the oldest are dropped and counted.
        debug: log what the SDK does to the ``hiveloop`` logger.
        middleware: callables ``(event) -> event | None | iterable of events``, in order.
        capture_content: ``False`` keeps prompts, responses, arguments and results from ever leaving.
        prices: ``{model: {"input_per_m": dollars, "output_per_m": dollars}}``: estimate costs the program does not report.
        instrument: ``True`` turns on the adapter of every installed framework; a list of names, those.

    Raises:
        HiveLoopConfigError: a setting is wrong; the message names it and the fix. Nothing else is ever raised.
    """
    global _board
    with _lock:
        if _board is not None:
            log.warning(
                "hiveloop.init() called again; the running client is kept (call hiveloop.shutdown() first)"
            )
            return _board
        given = {
            "api_key": api_key,
            "endpoint": endpoint,
            "environment": environment,
            "group": group,
            "flush_interval": flush_interval,
            "batch_size": batch_size,
            "max_queue_size": max_queue_size,
            "debug": debug,
            "capture_content": capture_content,
        }
        settings = config.load(given)
        table = PriceTable(prices) if prices is not None else None
        board = HiveBoard(settings, _chain(middleware), table, shutdown)
        if settings.debug:
            log.setLevel(logging.DEBUG)
        _board = board
        _install_process_hooks()
        board.start()
    if instrument:
        from .adapters import instrument as turn_on

        turn_on(*([] if instrument is True else instrument))
    return board


def _chain(middleware: Iterable[Middleware] | None) -> list[Middleware]:
    chain = list(middleware or ())
    for step in chain:
        if not callable(step):
            raise HiveLoopConfigError(f"middleware must be callables, got {type(step).__name__}")
    return chain


@contained
def _flush(timeout: float) -> bool:
    board = _board
    return True if board is None else board.flush(timeout)


def flush(timeout: float = 10) -> bool:
    """Block until everything sent so far is stored by the collector; ``False`` when not within ``timeout`` seconds."""
    return bool(_flush(timeout))


@contained
def shutdown(timeout: float = 10) -> None:
    """Deliver and stop, in at most ``timeout`` seconds, or 1.5 s after the last progress. Handles then do nothing."""
    global _board
    with _lock:
        board, _board = _board, None
    if board is not None:
        board.stop(timeout)


@contained
def reset() -> None:
    """``shutdown`` and forget all agents: a clean slate for the next test."""
    shutdown(2)
    with runtime.lock:
        runtime.agents.clear()
        runtime.gates = ()


_hooks_installed = False


def _install_process_hooks() -> None:
    global _hooks_installed
    if _hooks_installed:
        return
    _hooks_installed = True
    atexit.register(shutdown)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child
        )


def _before_fork() -> None:
    _lock.acquire()
    if _board is not None:
        _board.before_fork()
    # A multiprocessing child leaves by os._exit: only its own finalizers run, and those are cleared at its start.
    util = sys.modules.get("multiprocessing.util")
    if util is not None and _board is not None:
        util.register_after_fork(_board, _finalize_in_child)


def _after_in_parent() -> None:
    if _board is not None:
        _board.after_fork_in_parent()
    _lock.release()


def _after_in_child() -> None:
    global _lock
    _lock = threading.RLock()
    if _board is not None:
        _board.after_fork_in_child()


def _finalize_in_child(_: HiveBoard) -> None:
    from multiprocessing import util

    util.Finalize(None, shutdown, exitpriority=100)
