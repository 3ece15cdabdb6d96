"""Compares a run as the collector tells it with what the scenario must show."""

from __future__ import annotations

from collections import Counter
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
        verdict.problems += _wrong_in_timeline(board.timeline(rows[0]), scenario, case)
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
        "llm_call_count": sum(case.llm_calls.values()),
        "total_tokens_in": served.tokens_in,
        "total_tokens_out": served.tokens_out,
        "retry_count": case.retries,
        "has_escalation": case.escalates,
        "has_human_intervention": case.asks_people,
    }
    for name, value in expected.items():
        if row.get(name) != value:
            yield f"{name} is {row.get(name)!r}, expected {value!r}"
    if not row.get("total_cost"):
        yield f"total_cost is {row.get('total_cost')!r}, expected a price"
    if case.status in ("completed", "failed") and row.get("duration_ms") is None:
        yield "duration_ms is missing"


def _wrong_in_timeline(timeline: dict[str, Any], scenario: Scenario, case: Case) -> Iterator[str]:
    nodes = list(_nodes(timeline["action_tree"]))
    paths = {path for path, _ in nodes}
    for action in case.actions:
        if action not in paths:
            yield f"action {action} is missing; there are {sorted(paths)}"
    calls = Counter[str]()
    for path, node in nodes:
        calls[path] += len(node["llm_calls"])
    if +calls != Counter(case.llm_calls):
        yield f"LLM calls are made in {dict(+calls)}, expected {dict(case.llm_calls)}"
    agents = {event["agent_id"] for event in timeline["events"]}
    if agents != {scenario.worker.agent_id, *case.agents}:
        yield f"the agents are {sorted(agents)}, expected {sorted((scenario.worker.agent_id, *case.agents))}"
    if case.error is not None and case.error not in str(timeline["error_chains"]):
        yield f"no error chain says {case.error!r}"
    yield from _wrong_in_anomalies(timeline, case)
    steps = (timeline.get("plan") or {}).get("steps") or []
    if [step["action"] for step in steps] != ["completed"] * case.plan_steps:
        yield f"plan steps are {[step['action'] for step in steps]}, expected {case.plan_steps} completed"


def _wrong_in_anomalies(timeline: dict[str, Any], case: Case) -> Iterator[str]:
    """Each detector that should have found something said so, and no other one found anything.

    But for standstills: on a machine with other work to do any run may stand still for two seconds.
    """
    payloads = [event.get("payload") or {} for event in timeline["events"]]
    found = [payload["data"] for payload in payloads if payload.get("kind") == "anomaly"]
    for detector, text in case.anomalies.items():
        said = [str(data) for data in found if data.get("detector") == detector]
        if not any(text in one for one in said):
            yield f"detector {detector} does not say {text!r}; it says {said}"
    told = sorted({str(data.get("detector")) for data in found} - {"stuck", *case.anomalies})
    if told:
        yield f"detectors told {told}, expected {sorted(case.anomalies)}"


def _nodes(tree: list[dict[str, Any]], around: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every action with its path from the outermost one."""
    for node in tree:
        path = f"{around} > {node['name']}" if around else str(node["name"])
        yield path, node
        yield from _nodes(node["children"], path)
