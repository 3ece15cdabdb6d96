"""One leased batch → the collector: grouped by envelope, split where refused, each event settled, set aside or kept."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import msgspec

from ._answer import Answer, Verdict
from ._buffer import Buffer, Lane, Record
from ._clock import steady_seconds
from ._http import Http
from .events import LIMITS

__all__ = ["Delivery", "Outcome"]

log = logging.getLogger("hiveloop")

#: Room for the envelope and punctuation inside the collector's limit of one request.
BATCH_BYTES = LIMITS["batch_bytes"] - 16_384
#: Batches per round: one lease for several, so that agents taking turns still fill theirs.
_BATCHES_PER_ROUND = 4
#: This many events refused one by one, and none taken: it is not about the events.
MAX_SUSPECTS = 16
#: While nothing at all is taken, so many events are tried per round.
_TRIAL_EVENTS = 32
#: How long a collector that refuses everything is believed to be the one at fault.
DOUBT_SECONDS = 600.0
#: After so many errors of the server (5xx) in a row with the same event in front, the events are looked at one by one.
_PATIENCE_ROUNDS = 4
#: How long an event is tried again, on its own, that gives a 5xx while others are taken.
FAULT_SECONDS = 60.0


class Outcome(NamedTuple):
    """How a round went. ``problem`` is ``None`` when everything leased was settled one way or the other."""

    problem: Answer | None
    progressed: bool


class _Suspect(NamedTuple):
    """An event refused alone, and how."""

    record: Record
    answer: Answer
    after_others_were_taken: bool


class Delivery:
    """Sends what a buffer holds, one request at a time.

    A refused batch is halved until single events are refused. Those are *suspects*: they are set aside when the
    collector took something else in the same round. When it refuses everything (a proxy that answers 400 to all,
    HTTP spoken to an HTTPS port), the events are not the reason, and they are kept.
    """

    def __init__(self, buffer: Buffer, http: Http, batch_size: int) -> None:
        self._buffer = buffer
        self._http = http
        self._batch_size = batch_size
        self._said_rejected = False
        self._suspects: list[_Suspect] = []
        self._took = False
        self._took_last_round = False
        self._doubts_since: float | None = None
        #: The event in front when the server failed last, and how often in a row it did.
        self._front: int | None = None
        self._failures = 0
        #: Events that made the server fail though others were taken: serial → when that was first seen.
        self._faults: dict[int, float] = {}

    def round(self) -> Outcome:
        """Lease a few batches, send them, and settle each event. At most one problem ends the round."""
        most = self._batch_size * _BATCHES_PER_ROUND
        if self._doubts_since is not None:
            most = min(most, _TRIAL_EVENTS)
        records = self._buffer.lease(most, BATCH_BYTES * _BATCHES_PER_ROUND)
        self._suspects, self._took = [], False
        before = self._buffer.delivered + self._buffer.lost
        try:
            problem = self._send_all(records) or self._judge()
        finally:
            self._buffer.release(records)  # what was settled is no longer leased, and unaffected
        if self._took:
            self._doubts_since = None
        self._took_last_round = self._took
        self._count_failure(records, problem)
        return Outcome(problem, self._buffer.delivered + self._buffer.lost > before)

    def _count_failure(self, records: list[Record], problem: Answer | None) -> None:
        if problem is None or not _is_fault(problem):
            self._front, self._failures = None, 0
            if not self._buffer.pending:
                self._faults.clear()
        elif records:
            self._failures = self._failures + 1 if self._front == records[0][0] else 1
            self._front = records[0][0]

    def _send_all(self, records: list[Record]) -> Answer | None:
        known = [record for record in records if record[0] in self._faults]
        for batch in self._batches([record for record in records if record[0] not in self._faults]):
            problem = self._send(batch)
            if problem is not None:
                if self._took:
                    self._judge()
                return problem
        for record in known:
            problem = self._send([record])
            if problem is not None:
                return problem
        return None

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

    def _send(self, batch: list[Record]) -> Answer | None:
        """Send one batch; halve it while the collector refuses it. Returns the problem that stopped it, if any."""
        waiting = [batch]
        while waiting:
            part = waiting.pop()
            answer = self._post(part)
            if answer.verdict == Verdict.DELIVERED and self._settle(part, answer):
                self._took = True
            elif not self._is_about_events(answer):
                return answer
            elif len(part) > 1:
                half = len(part) // 2
                waiting += [part[half:], part[:half]]
            else:
                self._suspects.append(_Suspect(part[0], answer, self._took))
                if len(self._suspects) == MAX_SUSPECTS and not self._took and not self._takes_last(waiting):
                    break  # enough of this batch; another agent's may be taken
        return None

    def _is_about_events(self, answer: Answer) -> bool:
        """Whether smaller requests may fare better. A server that fails again and again may do so for one event."""
        if answer.verdict in (Verdict.DELIVERED, Verdict.SPLIT):
            return True
        return _is_fault(answer) and self._failures >= _PATIENCE_ROUNDS

    def _takes_last(self, waiting: list[list[Record]]) -> bool:
        """Whether the collector takes the newest event still waiting; then it is not the one at fault."""
        if not waiting:
            return False
        part = waiting[0]
        answer = self._post(part[-1:])
        if answer.verdict == Verdict.DELIVERED and self._settle(part[-1:], answer):
            self._took = True
            waiting[0] = part[:-1]
            if not waiting[0]:
                del waiting[0]
        return self._took

    def _post(self, part: list[Record]) -> Answer:
        envelope = part[0][1].envelope
        answer = self._http.post(envelope, [record[2] for record in part])
        log.debug("%d event(s) of %s sent: %s", len(part), part[0][1].agent_id, answer.reason)
        if answer.status == 413 and len(part) == 1:
            smaller = _without_payload(part[0][2])
            if smaller is not None:
                return self._http.post(envelope, [smaller])
        return answer

    def _settle(self, part: list[Record], answer: Answer) -> bool:
        """Settle what was stored; ``False`` when the collector rejected events without saying which."""
        if not answer.rejected:
            self._buffer.settle(part)
            return True
        refused = [record for record in part if _event_id(record[2]) in answer.reasons]
        if len(part) == answer.rejected:
            refused = part
        if len(refused) != answer.rejected:
            return False
        named = {record[0] for record in refused}
        self._buffer.settle([record for record in part if record[0] not in named])
        self._set_aside(refused, next(iter(answer.reasons.values()), "no reason given"))
        return True

    def _judge(self) -> Answer | None:
        """Set this round's suspects aside, or doubt the collector and keep them."""
        if not self._suspects:
            return None
        are_few = len(self._suspects) < MAX_SUSPECTS and self._took_last_round
        strange = [suspect for suspect in self._suspects if suspect.record[0] not in self._faults]
        is_fault = any(_is_fault(suspect.answer) for suspect in strange)
        if strange and not (self._took or are_few or (not is_fault and self._is_doubt_over())):
            return _doubted(strange[0].answer)
        fault: Answer | None = None
        for suspect in self._suspects:
            answer = suspect.answer
            if self._took and not suspect.after_others_were_taken:  # it may have been the collector then
                answer = self._post([suspect.record])
                if answer.verdict == Verdict.DELIVERED and self._settle([suspect.record], answer):
                    continue
                if not self._is_about_events(answer):
                    return answer
            if _is_fault(answer) and not self._has_been_tried(suspect.record):
                fault = answer
            else:
                self._set_aside([suspect.record], answer.reason)
        return fault

    def _has_been_tried(self, record: Record) -> bool:
        """A server may fail by itself: only an event with which it fails for long, though it takes others, is to blame."""
        now = steady_seconds()
        if now - self._faults.setdefault(record[0], now) < FAULT_SECONDS:
            return False
        del self._faults[record[0]]
        return True

    def _is_doubt_over(self) -> bool:
        if self._doubts_since is None:
            self._doubts_since = steady_seconds()
        return steady_seconds() - self._doubts_since > DOUBT_SECONDS

    def _set_aside(self, records: list[Record], reason: str) -> None:
        self._buffer.discard(records, "rejected")
        log.debug("rejected by the collector: %d event(s), %s", len(records), reason)
        if not self._said_rejected:
            self._said_rejected = True
            log.warning(
                "the collector rejected %d event(s), first reason: %s (said once)", len(records), reason
            )


def _is_fault(answer: Answer) -> bool:
    """An error of the server that says neither that it is away nor when to come back."""
    return answer.status >= 500 and answer.status != 503 and answer.retry_after_seconds is None


class _EventId(msgspec.Struct):
    event_id: str


def _event_id(data: bytes) -> str:
    try:
        return msgspec.json.decode(data, type=_EventId).event_id
    except msgspec.DecodeError:
        return ""


def _doubted(answer: Answer) -> Answer:
    return Answer(Verdict.RETRY, f"{answer.reason} (and nothing else is taken either)", status=answer.status)


def _without_payload(data: bytes) -> bytes | None:
    """An event that alone is too large for the collector: what it is still arrives. ``None`` when already small."""
    try:
        event: dict[str, Any] = msgspec.json.decode(data)
        payload = event["payload"]
        kept = {name: payload[name] for name in ("kind", "exception_type", "action_name") if name in payload}
    except (msgspec.DecodeError, KeyError, TypeError):
        return None
    event["payload"] = {**kept, "summary": str(payload.get("summary"))[:200], "$truncated": "HTTP 413"}
    smaller = msgspec.json.encode(event)
    return smaller if len(smaller) < len(data) else None
