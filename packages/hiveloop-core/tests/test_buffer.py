"""The buffer against a model of it, and the sums that must hold at any moment."""

from __future__ import annotations

import threading
from typing import Any

import hypothesis.strategies as st
from hiveloop._buffer import Lane, MemoryBuffer, Record
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

LANE = Lane("a", b"{}")


class BufferModel(RuleBasedStateMachine):
    """A list of pending numbers, a set of those on their way, and three counters."""

    def __init__(self) -> None:
        super().__init__()
        self.appended = 0
        self.waiting: list[int] = []
        self.away: dict[int, Record] = {}
        self.delivered = 0
        self.drops: dict[str, int] = {}

    @initialize(max_events=st.integers(1, 12), max_bytes=st.integers(1, 60))
    def make(self, max_events: int, max_bytes: int) -> None:
        self.max_events, self.max_bytes = max_events, max_bytes
        self.buffer = MemoryBuffer(max_events, max_bytes)

    @staticmethod
    def size(number: int) -> int:
        return 3 + number % 5

    def data(self, number: int) -> bytes:
        return f"{number:03d}".encode().ljust(self.size(number), b".")

    def held(self) -> int:
        return sum(self.size(n) for n in [*self.waiting, *self.away])

    def drop(self, reason: str, events: int = 1) -> None:
        self.drops[reason] = self.drops.get(reason, 0) + events

    @rule()
    def append(self) -> None:
        self.appended += 1
        pending = self.buffer.append(LANE, self.data(self.appended))
        self.waiting.append(self.appended)
        while self.waiting and (
            len(self.waiting) + len(self.away) > self.max_events or self.held() > self.max_bytes
        ):
            self.waiting.pop(0)
            self.drop("queue_overflow")
        assert pending == len(self.waiting) + len(self.away)

    @rule(max_events=st.integers(1, 8), max_bytes=st.integers(1, 40))
    def lease(self, max_events: int, max_bytes: int) -> None:
        records = self.buffer.lease(max_events, max_bytes)
        expected: list[int] = []
        for number in self.waiting[: min(max_events, max(1, self.max_events // 2))]:
            if expected and sum(map(self.size, [*expected, number])) > max_bytes:
                break
            expected.append(number)
        assert [record[0] for record in records] == expected
        assert [record[2] for record in records] == [self.data(number) for number in expected]
        del self.waiting[: len(expected)]
        self.away.update({record[0]: record for record in records})

    def some(self, data: Any) -> list[Record]:
        chosen: list[int] = data.draw(st.lists(st.sampled_from(sorted(self.away)), unique=True, max_size=6))
        return [self.away[number] for number in chosen]

    @precondition(lambda self: self.away)
    @rule(data=st.data(), twice=st.booleans())
    def settle(self, data: Any, twice: bool) -> None:
        records = self.some(data)
        for _ in range(1 + twice):
            self.buffer.settle(records)
        for record in records:
            del self.away[record[0]]
        self.delivered += len(records)

    @precondition(lambda self: self.away)
    @rule(data=st.data(), reason=st.sampled_from(["rejected", "other"]))
    def discard(self, data: Any, reason: str) -> None:
        records = self.some(data)
        self.buffer.discard(records, reason)
        self.buffer.release(records)
        for record in records:
            del self.away[record[0]]
        self.drop(reason, len(records))

    @precondition(lambda self: self.away)
    @rule(data=st.data())
    def release(self, data: Any) -> None:
        records = self.some(data)
        self.buffer.release(records)
        self.buffer.settle(records)
        for record in records:
            del self.away[record[0]]
        self.waiting = sorted([*self.waiting, *(record[0] for record in records)])

    @rule(events=st.integers(1, 3))
    def count_drop(self, events: int) -> None:
        self.buffer.count_drop("middleware", events)
        self.drop("middleware", events)

    @invariant()
    def sums_hold(self) -> None:
        if not hasattr(self, "buffer"):
            return
        buffer = self.buffer
        assert buffer.appended == self.appended
        assert buffer.delivered == self.delivered
        assert buffer.pending == len(self.waiting) + len(self.away)
        assert buffer.appended == buffer.delivered + buffer.lost + buffer.pending
        assert buffer.dropped() == {reason: count for reason, count in self.drops.items() if count}
        assert buffer.oldest_serial() == min([*self.waiting, *self.away], default=None)
        assert buffer._bytes == self.held()
        # What is on its way cannot be dropped; all else keeps to the limits.
        assert buffer.pending <= max(self.max_events, len(self.away))
        assert buffer._bytes <= max(self.max_bytes, sum(map(self.size, self.away)))


BufferModel.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestBufferModel = BufferModel.TestCase


def test_the_sums_hold_while_many_threads_append_and_deliver() -> None:
    buffer = MemoryBuffer(500, 1 << 20)
    stop = threading.Event()

    def deliver() -> None:
        while not stop.is_set() or buffer.pending:
            records = buffer.lease(50, 1 << 16)
            third = len(records) // 3
            buffer.settle(records[:third])
            buffer.release(records[third : 2 * third])
            buffer.settle(records[2 * third :]) if third else buffer.discard(records, "rejected")

    def append() -> None:
        for _ in range(5_000):
            assert buffer.append(LANE, b"x" * 20) <= 500

    sender = threading.Thread(target=deliver)
    threads = [threading.Thread(target=append) for _ in range(8)]
    for thread in [sender, *threads]:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    sender.join()
    assert buffer.appended == 40_000
    assert buffer.pending == 0
    assert buffer._bytes == 0
    assert buffer.delivered + sum(buffer.dropped().values()) == 40_000


def test_memory_is_bounded_by_bytes() -> None:
    buffer = MemoryBuffer(100_000, 1_000_000)
    for _ in range(1_000):
        buffer.append(LANE, b"x" * 30_000)
    assert buffer.pending == 33
    assert buffer.dropped() == {"queue_overflow": 967}


def test_half_of_the_room_is_kept_for_what_comes_while_a_request_is_under_way() -> None:
    buffer = MemoryBuffer(10, 1 << 20)
    for _ in range(10):
        buffer.append(LANE, b"old")
    assert len(buffer.lease(400, 1 << 20)) == 5
    for _ in range(10):
        buffer.append(LANE, b"new")
    assert {record[2] for record in buffer.lease(400, 1 << 20)} == {b"new"}
