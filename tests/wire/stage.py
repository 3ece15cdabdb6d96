"""Where a scene plays: one agent, a clock that ticks by itself, and the batch that comes out."""

from __future__ import annotations

import contextvars
import json
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hiveloop
from hiveloop.testing import Captured, TickingClock, capture_events

__all__ = ["GOLDEN", "Scene", "Stage", "as_text", "record"]

GOLDEN = Path(__file__).parent / "golden"

#: What differs from machine to machine and from process to process, and what stands in its place.
_RUNTIME = (re.compile(r"python-\d+\.\d+\.\d+\S*"), "python-3.11.7")
_SDK_VERSION = (re.compile(r"hiveloop-\d+\.\d+\.\d+\S*"), "hiveloop-1.0.0")
_PROCESS = (re.compile(r"[0-9a-f]{16}"), "0123456789abcdef")


class SceneClock(TickingClock):
    """Ids that count up and differ from scene to scene, so that one collector can take all of them."""

    __slots__ = ("_scene",)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._scene = f"{zlib.crc32(name.encode()):08x}"

    def stamp(self) -> tuple[str, str]:
        event_id, timestamp = super().stamp()
        return self._scene + event_id[8:], timestamp


class Stage:
    """An agent that is known already; only what a scene does from here on is in its batch."""

    def __init__(self, seen: Captured) -> None:
        self._seen = seen
        self.agent = hiveloop.agent("refund-desk", type="support", version="2.3.1", framework="langchain")
        self.forget()

    def forget(self) -> None:
        """Leave what happened so far out of the batch."""
        self._seen.clear()

    def task(self) -> hiveloop.Task:
        """A running task; its start is not part of the batch."""
        task = self.agent.start_task(
            "order-42", project="returns", type="refund", task_run_id="run-1", correlation_id="case-7"
        )
        self.forget()
        return task


Scene = Callable[[Stage], None]


def record(name: str, scene: Scene) -> dict[str, Any]:
    """The batch this scene makes, the same on every machine."""
    # A context of its own: a task left open there is not the current task of whatever runs next.
    return contextvars.copy_context().run(_record, name, scene)


def _record(name: str, scene: Scene) -> dict[str, Any]:
    hiveloop.reset()  # agents of earlier recordings would register here too and use up ids
    try:
        with capture_events(clock=SceneClock(name)) as seen:
            scene(Stage(seen))
            events, envelopes = seen.events, seen.envelopes
    finally:
        hiveloop.reset()
    if len(envelopes) != 1:
        raise AssertionError(f"scene {name} must use exactly one envelope, not {len(envelopes)}")
    for event in events:
        # `Captured` adds it for convenience; on the wire it is in the envelope alone.
        del event["agent_id"]
        _replace_process(event.get("payload") or {})
    return {"envelope": _everywhere_the_same(envelopes[0]), "events": events}


def _everywhere_the_same(envelope: dict[str, Any]) -> dict[str, Any]:
    return {
        **envelope,
        "runtime": _stand_in(envelope["runtime"], _RUNTIME),
        "sdk_version": _stand_in(envelope["sdk_version"], _SDK_VERSION),
    }


def _replace_process(payload: dict[str, Any]) -> None:
    signs = payload.get("hiveloop")
    if isinstance(signs, dict) and "process" in signs:
        signs["process"] = _stand_in(signs["process"], _PROCESS)


def _stand_in(value: str, rule: tuple[re.Pattern[str], str]) -> str:
    pattern, replacement = rule
    if not pattern.fullmatch(value):
        raise AssertionError(f"{value!r} does not look like {pattern.pattern}")
    return replacement


def as_text(batch: dict[str, Any]) -> str:
    """The batch as a golden file holds it."""
    return json.dumps(batch, ensure_ascii=False, indent=2) + "\n"
