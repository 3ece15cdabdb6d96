"""Compares a run as the collector tells it with what the scenario must show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .board import Board, BoardError
from .scenario import Case, Scenario
from .traffic import Served

__all__ = ["Verdict", "judge", "judge_pipeline"]


@dataclass
class Verdict:
    """A run: its row as read back (``None`` when it is missing) and everything wrong with it."""

    scenario: Scenario
    case: Case
    row: dict[str, Any] | None = None
    problems: list[str] = field(default_factory=list)


def judge(board: Board, scenario: Scenario, case: Case, served: Served) -> Verdict:
    """Read one run back and compare. ``served`` is what the recordings answered during the run."""
    verdict = Verdict(scenario, case)
    try:
        rows = board.tasks(scenario.worker.agent_id, case.session_id)
        if len(rows) != 1:
            verdict.problems.append(f"expected one run, the collector has {len(rows)}")
            return verdict
        verdict.row = rows[0]
        verdict.problems += _wrong_in_row(rows[0], scenario, case, served)
        verdict.problems += _wrong_in_timeline(board.timeline(rows[0]), case)
    except (BoardError, KeyError, TypeError) as error:
        verdict.problems.append(f"cannot be read back: {error!r}")
    return verdict


def judge_pipeline(board: Board, scenario: Scenario) -> list[str]:
    """What the Pipeline view lacks of the one agent that has a queue, a TODO, a schedule and an issue."""
    try:
        pipeline = board.pipeline(scenario.worker.agent_id)
    except BoardError as error:
        return [f"pipeline cannot be read back: {error}"]
    parts = {"queue", "todos", "scheduled", "issues"}
    return [f"pipeline shows no {part}" for part in sorted(parts) if not pipeline.get(part)]


def _wrong_in_row(row: dict[str, Any], scenario: Scenario, case: Case, served: Served) -> Iterator[str]:
    expected = {
        "derived_status": case.status,
        "project_id": scenario.worker.project,
        "llm_call_count": case.llm_calls,
        "total_tokens_in": served.tokens_in,
        "total_tokens_out": served.tokens_out,
        "retry_count": case.retries,
    }
    for name, value in expected.items():
        if row.get(name) != value:
            yield f"{name} is {row.get(name)!r}, expected {value!r}"
    if not row.get("total_cost"):
        yield f"total_cost is {row.get('total_cost')!r}, expected a price"
    if case.status in ("completed", "failed") and row.get("duration_ms") is None:
        yield "duration_ms is missing"


def _wrong_in_timeline(timeline: dict[str, Any], case: Case) -> Iterator[str]:
    nodes = list(_nodes(timeline["action_tree"]))
    names = {node["name"] for node in nodes}
    for action in case.actions:
        if action not in names:
            yield f"action {action} is missing; there are {sorted(names)}"
    nested = sum(len(node["llm_calls"]) for node in nodes)
    if nested != case.llm_calls:
        yield f"{nested} LLM calls are nested under actions, expected {case.llm_calls}"
    if case.error is not None and case.error not in str(timeline["error_chains"]):
        yield f"no error chain says {case.error!r}"
    steps = (timeline.get("plan") or {}).get("steps") or []
    if [step["action"] for step in steps] != ["completed"] * case.plan_steps:
        yield f"plan steps are {[step['action'] for step in steps]}, expected {case.plan_steps} completed"


def _nodes(tree: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in tree:
        yield node
        yield from _nodes(node["children"])
