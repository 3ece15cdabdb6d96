"""``init``, ``flush``, ``shutdown``, ``reset``: wires buffer, sender, pipeline and heartbeats into the runtime."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from . import _scope, _sender, config
from ._board import HiveBoard
from ._clock import steady_seconds
from ._drain import drain
from ._http import imports
from ._pipeline import Middleware
from ._prices import PriceTable
from ._runtime import Runtime, runtime
from ._safety import contained
from ._sender import DEFAULT_TIMEOUT_SECONDS, patience
from .errors import HiveLoopConfigError

if TYPE_CHECKING:
    from .detectors import Detector
    from .detectors._chain import DetectorChain

__all__ = ["flush", "init", "reset", "shutdown"]

log = logging.getLogger("hiveloop")

#: How long a shutdown waits for frameworks that report from threads of their own, and how long the program's end does.
_DRAIN_SECONDS = 1.0
_EXIT_DRAIN_SECONDS = 0.7
#: How long a fork waits for the delivery thread to finish its imports.
_FORK_PATIENCE_SECONDS = 5.0

_board: HiveBoard | None = None
_forking: tuple[HiveBoard | None, bool] = (None, False)
_watches_multiprocessing = False
_finalized_pid = 0
_lock = threading.RLock()
_stopping = threading.RLock()
#: Ends the showing of debug lines, while they are shown.
_debugging: Callable[[], None] | None = None


def init(
    api_key: str | None = None,
    endpoint: str | None = None,
    environment: str | None = None,
    group: str | None = None,
    flush_interval: float | None = None,
    batch_size: int | None = None,
    max_queue_size: int | None = None,
    debug: bool | None = None,
    *,
    middleware: Iterable[Middleware] | None = (),
    detectors: Iterable[Detector] | None = (),
    capture_content: bool | None = None,
    prices: Mapping[str, Mapping[str, float]] | None = None,
    instrument: bool | str | Iterable[str] = False,
) -> HiveBoard:
    """Start sending. A second call warns and returns the first client; after ``shutdown`` it starts afresh.

    What is not given (``None``) comes from the variable ``HIVELOOP_<NAME>``, then from the default named here.

    Args:
        api_key: ``hb_live_…`` or ``hb_test_…``; ``None``: ``HIVELOOP_API_KEY``, and on a loopback endpoint none is needed.
        endpoint: URL of the collector; ``None``: ``HIVELOOP_ENDPOINT``, then ``http://127.0.0.1:8000``.
        environment: filterable name, 64 characters; ``production``.
        group: filterable name, 128 characters; ``default``.
        flush_interval: seconds between deliveries of incomplete batches; 5.
        batch_size: events per request, 1 to 500; 100.
        max_queue_size: events kept in memory (and 64 MB) before the oldest are dropped and counted; 100,000.
        debug: log what the SDK does to the ``hiveloop`` logger; off.
        middleware: callables ``(event) -> event | None | iterable of events``, in order.
        detectors: what watches the agents, such as ``CycleDetector()``; see :mod:`hiveloop.detectors`.
        capture_content: ``False`` keeps prompts, responses, arguments and results from ever leaving; on.
        prices: ``{model: {"input_per_m": dollars, "output_per_m": dollars}}``: estimate costs the program does not report.
        instrument: ``True`` turns on the adapter of every installed framework; a name or a list of names, those.

    Raises:
        HiveLoopConfigError: a setting is wrong; the message names it and the fix.
        AdapterUnavailable: a framework named in ``instrument`` is missing. Nothing else is ever raised.
    """
    global _board, _debugging
    if instrument:
        _turn_on(instrument)
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
        board = HiveBoard(settings, _chain(middleware), table, shutdown, _watch(detectors))
        if settings.debug:
            _debugging = _show_debug_lines()
        log.debug("events go to %s as process %s", settings.endpoint, runtime.process)
        _board = board
        _finalize_in_multiprocessing_child()
        board.start()
    return board


def _turn_on(names: bool | str | Iterable[str]) -> None:
    """Adapters, before anything starts: they do nothing without a client, and a wrong name leaves nothing half begun."""
    from .adapters import instrument

    if isinstance(names, bool):
        instrument()
    else:
        instrument(*([names] if isinstance(names, str) else names))


def _show_debug_lines() -> Callable[[], None]:
    """To stderr where the program has not said where its logs go. Returns what undoes it."""
    level_before = log.level
    log.setLevel(logging.DEBUG)
    handler = None
    if not log.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        log.addHandler(handler)

    def undo() -> None:
        log.setLevel(level_before)
        if handler is not None:
            log.removeHandler(handler)

    return undo


def _chain(middleware: Any) -> list[Middleware]:
    if middleware is not None and (isinstance(middleware, str) or not isinstance(middleware, Iterable)):
        raise HiveLoopConfigError(
            f"middleware must be a list of callables, got {type(middleware).__name__}: wrap a single one in [ ]"
        )
    chain = list(middleware or ())
    for step in chain:
        if not callable(step):
            raise HiveLoopConfigError(f"middleware must be callables, got {type(step).__name__}")
    return chain


def _watch(detectors: Any) -> DetectorChain | None:
    """Loaded only where there are any: most programs have none."""
    if detectors is None or detectors == ():
        return None
    from .detectors._chain import detector_chain

    return detector_chain(detectors)


def flush(timeout: float = DEFAULT_TIMEOUT_SECONDS) -> bool:
    """Block until everything sent so far is stored by the collector; ``False`` when not within ``timeout`` seconds.

    Also ``False`` when something sent since the last flush was dropped, because the queue was full or the collector
    rejected it.
    """
    left = drain(patience(timeout))
    board = _board
    return True if board is None else board.flush(left)


def shutdown(timeout: float = DEFAULT_TIMEOUT_SECONDS) -> None:
    """Deliver and stop, in at most ``timeout`` seconds, or 2 s after the last progress. Handles then do nothing."""
    _shutdown(patience(timeout), _DRAIN_SECONDS, _sender.GIVE_UP_SECONDS)


def _at_exit() -> None:
    """Within 2 s, the end of the interpreter included, when the collector is gone."""
    _shutdown(DEFAULT_TIMEOUT_SECONDS, _EXIT_DRAIN_SECONDS, _sender.EXIT_GIVE_UP_SECONDS)


@contained
def _shutdown(timeout: float, drain_seconds: float, give_up_seconds: float) -> None:
    global _board, _debugging
    deadline = steady_seconds() + timeout
    stopping = _stopping
    # A second caller waits for the first: the end of the program must not overtake a shutdown in another thread.
    if not stopping.acquire(timeout=timeout):
        return
    try:
        if _board is not None:
            unused = drain(min(drain_seconds, timeout), is_final=True)
            _board.stop(max(0.0, deadline - steady_seconds()), give_up_seconds - drain_seconds + unused)
    finally:
        _board = None
        if _debugging is not None:
            _debugging()
            _debugging = None
        stopping.release()


@contained
def reset() -> None:
    """``shutdown`` and forget all agents and what the calling code is part of: a clean slate for the next test."""
    shutdown(2)
    _scope.clear()
    with runtime.lock:
        runtime.agents.clear()
        # Whoever still holds one (garbage that was not collected yet, too) gets it back as good as new.
        for agent in list(runtime.handles.values()):
            agent._forget()
        policies, runtime.policies = runtime.policies, None
        runtime.gates = runtime.made_gates = ()
    if (
        policies is not None
    ):  # outside of the lock, which whoever changes the policies at this moment waits for
        policies.close()


def _before_fork() -> None:
    """No thread of ours may be inside something the child needs: a lock copied while held is held for ever."""
    global _forking
    _lock.acquire()
    are_imports_done = imports.lock.acquire(timeout=_FORK_PATIENCE_SECONDS)
    _forking = (_board, are_imports_done)
    if _board is not None:
        _board.before_fork()
    _finalize_future_multiprocessing_children()


def _after_fork_in_parent() -> None:
    board, are_imports_done = _forking
    if board is not None:
        board.after_fork_in_parent()
    if are_imports_done:
        imports.lock.release()
    _lock.release()


def _after_fork_in_child() -> None:
    global _board, _lock, _stopping
    _lock, _stopping = threading.RLock(), threading.RLock()
    imports.reset()
    # Also without a client: one made in each child must not repeat the ids of the others.
    runtime.after_fork_in_child()
    if _board is not None:
        _board.after_fork_in_child()
        if not _board.is_running:  # copied in the middle of a shutdown
            _board = None


# A child of `multiprocessing` leaves by `os._exit`: only the finalizers it registered itself are run.


def _finalize_future_multiprocessing_children() -> None:
    global _watches_multiprocessing
    util = sys.modules.get("multiprocessing.util")
    if util is not None and not _watches_multiprocessing:
        _watches_multiprocessing = True
        util.register_after_fork(runtime, _finalize)


def _finalize_in_multiprocessing_child() -> None:
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        _finalize(runtime)


def _finalize(_: Runtime) -> None:
    global _finalized_pid
    if _board is not None:
        _board.hasten()
    if _finalized_pid != os.getpid():
        _finalized_pid = os.getpid()
        from multiprocessing import util

        util.Finalize(None, _at_exit, exitpriority=100)


# At import rather than at `init`: exit handlers run last in, first out, and what those of the program say in between
# is still sent.
atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
    )
