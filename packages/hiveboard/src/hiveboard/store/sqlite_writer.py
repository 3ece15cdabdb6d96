"""The writer thread: whatever queued while the last commit ran is judged and goes into the next one."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

from hiveboard.boundary import attempt

from .errors import QueueFullError
from .records import Appended, Batch, Published
from .sqlite_commit import Commit
from .sqlite_dictionary import Dictionary
from .sqlite_schema import connect_writer, create

__all__ = ["SqliteWriter"]

_log = logging.getLogger("hiveboard")


class _Waiting(NamedTuple):
    """A batch that is not made yet."""

    prepare: Callable[[], Batch]
    size_bytes: int
    future: Future[Appended]


_Ready = tuple[Batch, Future[Appended]]


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
        self._dictionary = Dictionary()
        self._queue: deque[_Waiting] = deque()
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

    def close(self) -> None:
        """Write what is queued, then close the file."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while self._await_work():
            group, events = list[_Ready](), 0
            while events < self._commit_events and (waiting := self._next()) is not None:
                # Prepared here and not where it was received: what one thread makes and uses stays in its cache,
                # and two threads that are both busy with Python take turns in any case.
                batch, error = attempt(waiting.prepare)
                if batch is None:
                    waiting.future.set_exception(error or RuntimeError("there is no batch"))
                else:
                    group.append((batch, waiting.future))
                    events += len(batch.records)
            if group:
                self._commit(group)

    def _await_work(self) -> bool:
        """Wait until something is queued; false when nothing will be."""
        with self._wake:
            while not self._queue and not self._closed:
                self._wake.wait()
            return bool(self._queue)

    def _next(self) -> _Waiting | None:
        with self._wake:
            if not self._queue:
                return None
            waiting = self._queue.popleft()
            self._queued_bytes -= waiting.size_bytes
            return waiting

    def _commit(self, group: list[_Ready]) -> None:
        outcome, error = attempt(lambda: self._transaction([batch for batch, _ in group]))
        if outcome is not None:
            results, published = outcome
            self._on_commit(published)
            for (_, future), result in zip(group, results, strict=True):
                future.set_result(result)
        elif len(group) > 1:
            # One batch must not cost its neighbours: each tries again on its own.
            for item in group:
                self._commit([item])
        else:
            _log.error("a commit of %d events failed: %s", len(group[0][0].records), error)
            group[0][1].set_exception(error or RuntimeError("the commit failed"))

    def _transaction(self, batches: list[Batch]) -> tuple[list[Appended], Published]:
        connection = self._connection
        if not any(batch.records for batch in batches):
            return [Appended(0, 0) for _ in batches], Published(0, [], {})
        connection.execute("BEGIN IMMEDIATE")
        try:
            outcome = Commit(connection, self._dictionary).append(batches)
            connection.execute("COMMIT")
        except BaseException:
            self._dictionary.clear()
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return outcome
