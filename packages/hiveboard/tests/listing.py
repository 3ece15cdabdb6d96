"""Many runs to list, and walking through the pages of a list."""

from __future__ import annotations

from typing import Any

from .conftest import Collector, event, kind


def runs(count: int, first: int = 0, **fields: Any) -> list[dict[str, Any]]:
    """Finished runs, one a second."""
    made = []
    for number in range(first, first + count):
        task = {"task_id": f"t{number:03d}", "task_run_id": "r", "task_type": "x", **fields}
        made += [
            event("task_started", number * 1000, **task),
            kind(
                "llm_call",
                number * 1000 + 1,
                data={"name": "n", "model": "m", "cost": (number % 7) / 10},
                **task,
            ),
            event("task_completed", number * 1000 + 2, duration_ms=(number * 37) % 11, **task),
        ]
    return made


def pages(collector: Collector, path: str, **params: Any) -> list[Any]:
    rows: list[Any] = []
    cursor = None
    for _ in range(200):
        answer = collector.get(path, **params, **({"cursor": cursor} if cursor else {}))
        assert answer.status == 200, answer.raw
        body = answer.json
        rows += body["data"]
        cursor = body["pagination"]["cursor"]
        assert body["pagination"]["has_more"] is (cursor is not None)
        if cursor is None:
            return rows
    raise AssertionError("the pages do not end")
