"""The writer thread: whatever queued while the last commit ran is judged and goes into the next one."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from hiveboard.boundary import attempt

from .errors import QueueFullError
from .records import Appended, Batch, Published
from .sqlite_commit import Commit, Memory
from .sqlite_connect import connect_writer
from .sqlite_schema import create

__all__ = ["SqliteWriter"]

_log = logging.getLogger("hiveboard")
T = TypeVar("T")


class _Waiting(NamedTuple):
    """A batch that is not made yet, and who waits for it."""

    prepare: Callable[[], Batch]
    size_bytes: int
    future: Future[Appended]


class _Job(NamedTuple):
    """A change other than a batch, and who waits for it."""

    work: Callable[[sqlite3.Connection], Any]
    future: Future[Any]


class SqliteWriter:
    """Owns the one writing connection. ``submit`` from any thread; the future ends after the commit."""

    def __init__(
        self,
        path: Path,
        *,
        queue_batches: int,
        queue_bytes: int,
        commit_events: int,
        on_commit: Callable[[Published], None],
    ) -> None:
        self._connection = connect_writer(path)
        create(self._connection)
        self._memory = Memory()
        self._queue: deque[_Waiting] = deque()
        self._jobs: deque[_Job] = deque()
        self._queued_bytes = 0
        self._max_batches, self._max_bytes, self._commit_events = queue_batches, queue_bytes, commit_events
        self._on_commit = on_commit
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="hiveboard-writer", daemon=True)
        self._thread.start()

    def submit(self, prepare: Callable[[], Batch], size_bytes: int) -> Future[Appended]:
        """Queue a batch that ``prepare`` makes in the writer's thread; what it raises, the future raises.

        Raises :class:`QueueFullError` when the queue is at its limit or closed.
        """
        future: Future[Appended] = Future()
        with self._wake:
            full = len(self._queue) >= self._max_batches or self._queued_bytes >= self._max_bytes
            if full or self._closed:
                raise QueueFullError
            self._queue.append(_Waiting(prepare, size_bytes, future))
            self._queued_bytes += size_bytes
            self._wake.notify()
        return future

    def perform(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Have ``work`` change the file in a transaction of its own, before the batches that wait."""
        future: Future[T] = Future()
        with self._wake:
            if self._closed:
                raise QueueFullError
            self._jobs.append(_Job(work, future))
            self._wake.notify()
        return future

    def finish(self) -> None:
        """Write what is queued and take nothing more."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def close(self) -> None:
        """Let go of the file. Whoever closes it last leaves it whole, without a log beside it."""
        self._connection.close()

    def _run(self) -> None:
        while self._await_work():
            while self._jobs:
                self._do(self._jobs.popleft())
            self._commit(self._next, self._commit_events)

    def _do(self, job: _Job) -> None:
        # What it changes may be what is remembered.
        self._memory.clear()
        done, error = attempt(lambda: (self._in_transaction(lambda: job.work(self._connection)),))
        if done is not None:
            job.future.set_result(done[0])
        else:
            job.future.set_exception(error or RuntimeError("the change failed"))

    def _await_work(self) -> bool:
        """Wait until something is queued; false when nothing will be."""
        with self._wake:
            while not self._queue and not self._jobs and not self._closed:
                self._wake.wait()
            return bool(self._queue or self._jobs)

    def _next(self) -> _Waiting | None:
        with self._wake:
            if not self._queue:
                return None
            waiting = self._queue.popleft()
            self._queued_bytes -= waiting.size_bytes
            return waiting

    def _commit(self, take: Callable[[], _Waiting | None], most_events: int) -> None:
        """Store what ``take`` gives until it gives nothing more, or enough, in one transaction."""
        first = take()
        if first is None:
            return
        taken = [first]
        outcome, error = attempt(lambda: self._transaction(take, most_events, taken))
        if outcome is not None:
            results, published = outcome
            self._on_commit(published)
            for waiting, result in zip(taken, results, strict=True):
                if isinstance(result, Appended):
                    waiting.future.set_result(result)
                else:
                    waiting.future.set_exception(result)
        elif len(taken) > 1:
            # One batch must not cost its neighbours: each tries again on its own.
            for waiting in taken:
                self._commit(iter([waiting, None]).__next__, 1)
        else:
            _log.error("a commit failed: %s", error)
            for waiting in taken:
                waiting.future.set_exception(error or RuntimeError("the commit failed"))

    def _transaction(
        self, take: Callable[[], _Waiting | None], most_events: int, taken: list[_Waiting]
    ) -> tuple[list[Appended | Exception], Published]:
        results: list[Appended | Exception] = []

        def work() -> Published:
            commit, events = Commit(self._connection, self._memory), 0
            waiting: _Waiting | None = taken[0]
            while waiting is not None:
                # Prepared here and not where it was received: what one thread makes and uses stays in its cache,
                # and two threads that are both busy with Python take turns in any case.
                batch, error = attempt(waiting.prepare)
                if batch is None:
                    results.append(error or RuntimeError("there is no batch"))
                else:
                    results.append(commit.add(batch))
                    events += len(batch.records)
                waiting = take() if events < most_events else None
                if waiting is not None:
                    taken.append(waiting)
            return commit.finish()

        return results, self._in_transaction(work)

    def _in_transaction(self, work: Callable[[], T]) -> T:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work()
            connection.execute("COMMIT")
        except BaseException:
            self._memory.clear()
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result
