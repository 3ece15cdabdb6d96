"""One leased batch → the collector: grouped by envelope, split where refused, each event settled, set aside or kept."""

from __future__ import annotations

import logging
from operator import itemgetter
from typing import NamedTuple

import msgspec

from ._buffer import Buffer, Lane, Record
from ._http import Answer, Http, Verdict
from .events import LIMITS

__all__ = ["Delivery", "Outcome"]

log = logging.getLogger("hiveloop")

#: Room for the envelope and punctuation inside the collector's limit of one request.
BATCH_BYTES = LIMITS["batch_bytes"] - 16_384


class Outcome(NamedTuple):
    """How a round went. ``problem`` is ``None`` when everything leased was settled one way or the other."""

    problem: Answer | None
    progressed: bool


class _EventId(msgspec.Struct):
    event_id: str


class Delivery:
    """Sends what a buffer holds, one request at a time."""

    def __init__(self, buffer: Buffer, http: Http, batch_size: int) -> None:
        self._buffer = buffer
        self._http = http
        self._batch_size = batch_size
        self._said_rejected = False

    def round(self) -> Outcome:
        """Lease up to a few batches, send them, and settle each event. At most one problem ends the round."""
        records = self._buffer.lease(self._batch_size * 4, BATCH_BYTES * 4)
        batches = self._batches(records)
        progressed = False
        for position, batch in enumerate(batches):
            answer, moved = self._send(batch)
            progressed = progressed or moved
            if answer is not None:
                unsent = [record for later in batches[position:] for record in later]
                self._buffer.release(sorted(unsent, key=itemgetter(0)))
                return Outcome(answer, progressed)
        return Outcome(None, bool(records))

    def _batches(self, records: list[Record]) -> list[list[Record]]:
        lanes: dict[Lane, list[Record]] = {}
        for record in records:
            lanes.setdefault(record[1], []).append(record)
        return [batch for lane in lanes.values() for batch in self._chunks(lane)]

    def _chunks(self, records: list[Record]) -> list[list[Record]]:
        chunks: list[list[Record]] = []
        size = BATCH_BYTES
        for record in records:
            if size + len(record[2]) > BATCH_BYTES or len(chunks[-1]) >= self._batch_size:
                chunks.append([])
                size = 0
            chunks[-1].append(record)
            size += len(record[2]) + 1
        return chunks

    def _send(self, batch: list[Record]) -> tuple[Answer | None, bool]:
        """Send one batch; halve it while the collector refuses it. Returns the problem that stopped it, if any."""
        waiting = [batch]
        progressed = False
        while waiting:
            part = waiting.pop()
            answer = self._http.post(part[0][1].envelope, [record[2] for record in part])
            if answer.verdict == Verdict.DELIVERED:
                self._settle(part, answer)
            elif answer.verdict == Verdict.SPLIT and len(part) > 1:
                half = len(part) // 2
                waiting += [part[half:], part[:half]]
                continue
            elif answer.verdict == Verdict.SPLIT:
                self._set_aside(part, answer.reason)
            else:
                # Whatever of this batch was settled already is unknown to `release`, so the caller may pass it all.
                return answer, progressed
            progressed = True
        return None, progressed

    def _settle(self, part: list[Record], answer: Answer) -> None:
        if not answer.rejected:
            self._buffer.settle(part)
            return
        refused: list[Record] = []
        stored: list[Record] = []
        for record in part:
            (refused if _event_id(record[2]) in answer.rejected else stored).append(record)
        self._buffer.settle(stored)
        self._set_aside(refused, next(iter(answer.rejected.values())))

    def _set_aside(self, records: list[Record], reason: str) -> None:
        self._buffer.discard(records, "rejected")
        if not self._said_rejected:
            self._said_rejected = True
            log.warning(
                "the collector rejected %d event(s), first reason: %s (said once)", len(records), reason
            )


def _event_id(data: bytes) -> str:
    try:
        return msgspec.json.decode(data, type=_EventId).event_id
    except msgspec.DecodeError:
        return ""
