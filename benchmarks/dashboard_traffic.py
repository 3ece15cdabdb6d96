"""Made-up traffic for the dashboard: many short runs already stored, live events at a steady rate, one long run."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

from benchmarks.collector_process import KEY

__all__ = ["LONG_RUN", "LiveTraffic", "TrafficRefusedError", "fill_long_run", "fill_tasks"]

LONG_RUN = "long-haul"
_AGENTS, _TASKS_PER_BATCH = 50, 160
_STORED_SPAN_SECONDS = 86_400.0
_LIVE_BATCH = 100
_HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
_TYPES = ("refund", "report", "triage", "qualify")

Event = dict[str, Any]


class TrafficRefusedError(RuntimeError):
    """The collector did not take a batch; the message is its answer."""


def _moment(seconds: float) -> str:
    whole, rest = divmod(int(seconds * 1_000), 1_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{rest:03d}Z"


def _event(at: float, event_type: str, payload: Event | None = None, **fields: Any) -> Event:
    made = {
        "event_id": str(uuid.uuid4()),
        "timestamp": _moment(at),
        "event_type": event_type,
        "project_id": "shop",
        **fields,
    }
    return made if payload is None else made | {"payload": payload}


def _call(at: float, number: int, **fields: Any) -> Event:
    data = {
        "name": "think",
        "model": ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5")[number % 3],
        "tokens_in": 200 + number % 4_000,
        "tokens_out": 10 + number % 600,
        "cost": 0.0001 * (1 + number % 977),
        "duration_ms": 40 + number % 900,
    }
    payload = {"kind": "llm_call", "summary": "think", "data": data, "tags": ["llm_call"]}
    return _event(at, "custom", payload, **fields)


def _short_run(number: int, at: float) -> list[Event]:
    """A run as short as one can be: a beginning, one LLM call, an end; every twelfth fails."""
    fields: Event = {
        "task_id": f"task-{number:06d}",
        "task_run_id": f"run-{number:06d}",
        "task_type": _TYPES[number % 4],
    }
    failed = number % 12 == 0
    end: Event = {
        "status": "failure" if failed else "success",
        "duration_ms": 900 + number % 60_000,
        **fields,
    }
    wrong = {"exception_type": "CardDeclinedError", "exception_message": f"declined: order {number}"}
    return [
        _event(at, "task_started", **fields),
        _call(at + 0.2, number, **fields),
        _event(at + 0.9, "task_failed" if failed else "task_completed", wrong if failed else None, **end),
    ]


def _live_run(number: int, at: float) -> list[Event]:
    """Ten events of one run that begins and ends within a moment: two actions, a call in each, a retry."""
    fields: Event = {
        "task_id": f"live-{number:06d}",
        "task_run_id": f"live-run-{number:06d}",
        "task_type": _TYPES[number % 4],
    }
    told = [_event(at, "task_started", **fields)]
    for turn in range(2):
        action = fields | {"action_id": f"live-{number}-{turn}"}
        told += [
            _event(at, "action_started", {"action_name": f"step_{turn}"}, **action),
            _call(at, number + turn, **action),
            _event(
                at,
                "action_completed",
                {"action_name": f"step_{turn}"},
                status="success",
                duration_ms=30,
                **action,
            ),
        ]
    told += [
        _event(at, "retry_started", {"summary": "Once more", "data": {"attempt": 2}}, **fields),
        _event(
            at,
            "escalated",
            {"summary": f"order {number} to billing", "data": {"assigned_to": "billing"}},
            **fields,
        ),
        _event(at, "task_completed", status="success", duration_ms=60, **fields),
    ]
    return told


class _Sender:
    """One connection that posts batches and wants each taken whole."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=60)

    def send(self, agent: str, events: list[Event]) -> None:
        envelope = {"agent_id": agent, "agent_type": "support", "agent_version": "1.0", "framework": "custom"}
        body = json.dumps({"envelope": envelope, "events": events}).encode()
        self._connection.request("POST", "/v1/ingest", body, _HEADERS)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200 or json.loads(content)["accepted"] != len(events):
            raise TrafficRefusedError(f"{answer.status}: {content[:200]!r}")

    def close(self) -> None:
        self._connection.close()


def fill_tasks(address: str, tasks: int) -> None:
    """Store so many runs of three events each, spread over the last day; the newest has the highest number."""
    sender = _Sender(address)
    started = time.time() - _STORED_SPAN_SECONDS
    numbers: Iterator[int] = iter(range(tasks))
    for agent in itertools.cycle(range(_AGENTS)):
        taken = list(itertools.islice(numbers, _TASKS_PER_BATCH))
        if not taken:
            break
        at = started + (_STORED_SPAN_SECONDS - 60) * taken[0] / tasks
        sender.send(
            f"agent-{agent:02d}", [event for number in taken for event in _short_run(number, at + number % 7)]
        )
    sender.close()


def fill_long_run(address: str, nodes: int) -> None:
    """Store one run of so many nodes: steps of ten actions with a call at the end; every hundredth action fails."""
    sender = _Sender(address)
    at = time.time() - 3_000
    fields: Event = {"task_id": LONG_RUN, "task_run_id": f"{LONG_RUN}-1", "task_type": "job"}
    told = [_event(at, "task_started", **fields)]
    for number in range(nodes):
        step, place = divmod(number, 10)
        at += 0.2
        own = fields | {"action_id": f"step-{step}" if place == 0 else f"step-{step}-{place}"}
        if place:
            own["parent_action_id"] = f"step-{step}"
        name = {"action_name": f"step_{step}" if place == 0 else f"tool_{step}_{place}"}
        failed = number % 100 == 99
        told.append(_event(at, "action_started", name, **own))
        wrong = name | {"exception_type": "TimeoutError", "exception_message": "no answer"}
        ending = {"status": "failure" if failed else "success", "duration_ms": 150, **own}
        told.append(
            _event(
                at + 0.15,
                "action_failed" if failed else "action_completed",
                wrong if failed else name,
                **ending,
            )
        )
    told.append(_event(at + 1, "task_completed", status="success", duration_ms=int(nodes * 200), **fields))
    for first in range(0, len(told), 400):
        sender.send("marathon", told[first : first + 400])
    sender.close()


class LiveTraffic(threading.Thread):
    """Sends ``total`` events at ``per_second`` in batches of 100 from agents in turn; ``problem`` says why it ended early."""

    def __init__(self, address: str, total: int, per_second: int) -> None:
        super().__init__(daemon=True)
        self._sender = _Sender(address)
        self._batches = total // _LIVE_BATCH
        self._pause = _LIVE_BATCH / per_second
        self.seconds = 0.0
        self.problem = ""

    def run(self) -> None:
        """Keep to the rate: a batch that was slow does not delay those after it."""
        began = time.monotonic()
        base = int(time.time() * 10) % 10**9
        try:
            for number in range(self._batches):
                time.sleep(max(0.0, began + number * self._pause - time.monotonic()))
                now = time.time()
                runs = [_live_run(base + number * 10 + index, now) for index in range(_LIVE_BATCH // 10)]
                self._sender.send(f"agent-{number % _AGENTS:02d}", [event for run in runs for event in run])
        except (OSError, http.client.HTTPException, TrafficRefusedError) as error:
            self.problem = f"{type(error).__name__}: {error}"
        finally:
            self.seconds = time.monotonic() - began
            self._sender.close()
