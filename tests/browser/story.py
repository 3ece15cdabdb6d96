"""Tells the story of one agent as wire batches: every call is an event at a moment before or after "now"."""

from __future__ import annotations

import json
import random
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

Event = dict[str, Any]

MAX_EVENTS = 400


class Story:
    """The events of one agent. ``at`` is the story's own clock in seconds relative to ``now``; calls advance it."""

    def __init__(self, agent_id: str, now: datetime, seed: int, **envelope: str) -> None:
        self.agent_id = agent_id
        self.envelope = {"agent_id": agent_id, "environment": "production", "group": "default", **envelope}
        self.now = now
        self.at = 0.0
        self.events: list[Event] = []
        self.random = random.Random(seed)
        self.task_fields: dict[str, Any] = {}
        self.open_actions: list[str] = []

    def identifier(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def emit(self, event_type: str, payload: dict[str, Any] | None = None, **fields: Any) -> Event:
        event: Event = {
            "event_id": self.identifier(),
            "timestamp": moment_of(self.now, self.at),
            "event_type": event_type,
            **self.task_fields,
            **fields,
        }
        if self.open_actions and event_type != "heartbeat":
            event.setdefault("action_id", self.open_actions[-1])
        if payload is not None:
            event["payload"] = payload
        self.events.append(event)
        return event

    def custom(self, kind: str, summary: str, data: Any, **fields: Any) -> Event:
        return self.emit("custom", {"kind": kind, "summary": summary, "data": data, "tags": [kind]}, **fields)

    def register(self, at: float, stuck_threshold: int = 300) -> None:
        self.at = at
        data = {"stuck_threshold": stuck_threshold, "heartbeat_interval": 30}
        self.emit("agent_registered", {"summary": f"Agent {self.agent_id} registered", "data": data})

    def heartbeat(self, at: float = 0.0) -> None:
        self.at = at
        task, self.task_fields = self.task_fields, {}
        self.emit(
            "heartbeat",
            {"hiveloop": {"process": f"p-{self.agent_id[:20]}", "seq": 1, "emitted": len(self.events)}},
        )
        self.task_fields = task

    def start(self, task_id: str, at: float, project: str, task_type: str) -> None:
        self.at = at
        self.began = at
        self.task_fields = {
            "task_id": task_id,
            "task_run_id": self.identifier(),
            "project_id": project,
            "task_type": task_type,
        }
        self.emit("task_started", {"summary": f"Task {task_id} started"})

    def complete(self, status: str = "success") -> None:
        self.emit("task_completed", {"summary": "done"}, status=status, duration_ms=self._since(self.began))
        self.task_fields = {}

    def fail(self, kind: str, message: str) -> None:
        body = {"summary": "failed", "exception_type": kind, "exception_message": message}
        self.emit("task_failed", body, status="failure", duration_ms=self._since(self.began))
        self.task_fields = {}

    def _since(self, began: float) -> int:
        return round((self.at - began) * 1000)

    @contextmanager
    def action(self, name: str, seconds: float = 0.0, **payload: Any) -> Iterator[None]:
        """One action around the events told inside it; ``seconds`` is its own work after them."""
        parent = self.open_actions[-1] if self.open_actions else None
        self.begin(name)
        began, own = self.at, self.open_actions[-1]
        try:
            yield
        except RuntimeError as error:
            self.at += seconds
            self.open_actions.pop()
            body = {
                "action_name": name,
                "exception_type": payload.get("raises", "RuntimeError"),
                "exception_message": str(error),
            }
            self.emit(
                "action_failed",
                body,
                status="failure",
                duration_ms=self._since(began),
                action_id=own,
                parent_action_id=parent,
            )
            raise
        self.at += seconds
        self.open_actions.pop()
        self.emit(
            "action_completed",
            {"action_name": name, **payload},
            status="success",
            duration_ms=self._since(began),
            action_id=own,
            parent_action_id=parent,
        )

    def begin(self, name: str) -> None:
        """An action that stays open."""
        parent = self.open_actions[-1] if self.open_actions else None
        own = self.identifier()
        self.emit("action_started", {"action_name": name}, action_id=own, parent_action_id=parent)
        self.open_actions.append(own)

    def llm(
        self,
        name: str,
        model: str,
        tokens: tuple[int, int],
        seconds: float,
        cost: float | None = None,
        **data: Any,
    ) -> None:
        self.at += seconds
        body: dict[str, Any] = {
            "name": name,
            "model": model,
            "tokens_in": tokens[0],
            "tokens_out": tokens[1],
            "duration_ms": round(seconds * 1000),
            **data,
        }
        if cost is not None:
            body["cost"] = cost
        self.custom("llm_call", f"{name} → {model} ({tokens[0]} in / {tokens[1]} out)", body)

    def batches(self) -> Iterator[dict[str, Any]]:
        for begin in range(0, len(self.events), MAX_EVENTS):
            yield {"envelope": self.envelope, "events": self.events[begin : begin + MAX_EVENTS]}


def send(url: str, story: Story, key: str = "hb_live_browser_tests") -> None:
    """Post everything the story holds; anything but a clean answer is an error."""
    for batch in story.batches():
        request = urllib.request.Request(
            f"{url}/v1/ingest",
            data=json.dumps(batch, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            answer = json.load(response)
        if answer["rejected"]:
            raise AssertionError(answer["errors"])
    story.events.clear()


def moment_of(now: datetime, seconds: float) -> str:
    """The timestamp ``seconds`` after ``now``, as the wire has it."""
    moment = now + timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def utc_now() -> datetime:
    return datetime.now(UTC)
