"""The story of one run, from event lists written by hand: tree, errors, plan, time."""

from __future__ import annotations

from typing import Any

import pytest
from hiveboard.instant import parse_instant
from hiveboard.projections.action_tree import action_tree
from hiveboard.projections.error_chain import error_chains
from hiveboard.projections.plan import current_plan, plan_history
from hiveboard.projections.time_breakdown import Stretch, covered, time_breakdown

from .told import NOW, done, llm, start, told

# --- tree


def test_tree_nests_actions_and_calls_and_keeps_orphans() -> None:
    tree, loose = action_tree(
        told(
            start("a", 0, name="outer"), start("b", 10, "a", name="inner"), llm(20, 5, "b"), done("b", 30, "a", ms=20),
            llm(35, 5, "a"), llm(40, 5), llm(41, 5, "elsewhere"), start("c", 50, "unknown"), done("a", 60, ms=60),
        )
    )  # fmt: skip
    assert [node.name for node in tree] == ["outer", "tool"]
    assert [child.name for child in tree[0].children] == ["inner"]
    assert len(tree[0].children[0].llm_calls) == 1
    assert len(tree[0].llm_calls) == 1
    assert len(loose) == 2
    assert (tree[0].status, tree[0].duration_ms, tree[1].status) == ("success", 60, "running")


@pytest.mark.parametrize(
    ("end", "status", "error"),
    [
        ({"status": "success"}, "success", None),
        ({"payload": {"success": False}}, "failed", "failed without a message"),
        ({"payload": {"error": "boom"}}, "failed", "boom"),
        ({"payload": {"error": ""}}, "success", None),
        ({"status": "cancelled"}, "cancelled", None),
        (
            {"type": "action_failed", "payload": {"exception_type": "E", "exception_message": "m"}},
            "failed",
            "E: m",
        ),
    ],
)
def test_how_an_action_ended(end: dict[str, Any], status: str, error: str | None) -> None:
    tree, _ = action_tree(told(start("a", 0), {**done("a", 9), **end}))
    assert (tree[0].status, tree[0].error) == (status, error)


def test_an_end_without_a_start_is_placed_by_its_duration() -> None:
    tree, _ = action_tree(told(done("a", 500, ms=200, payload={"action_name": "late"})))
    assert parse_instant(tree[0].started_at) == NOW + 300_000
    assert tree[0].name == "late"


# --- errors, plan, time


def test_an_error_that_passes_outwards_is_one_chain() -> None:
    boom = {"exception_type": "E", "exception_message": "m"}
    chains = error_chains(
        told(
            {"type": "action_failed", "action_id": "b", "payload": boom},
            {"type": "retry_started", "payload": {"summary": "again"}},
            {"type": "action_failed", "action_id": "a", "payload": boom},
            {"type": "task_failed", "payload": boom},
            {"type": "action_failed", "payload": {"exception_type": "Other"}},
        )
    )
    assert [len(chain.chain) for chain in chains] == [4, 1]
    assert chains[0].text == "E: m"


def step(at: int, index: int, action: str, revision: int | None = None) -> dict[str, Any]:
    data = {"step_index": index, "action": action} | ({} if revision is None else {"plan_revision": revision})
    return {"at": at, "payload": {"kind": "plan_step", "summary": "s", "data": data}}


def plan(at: int, revision: int | None, *steps: str) -> dict[str, Any]:
    data = {"goal": "g", "steps": [{"index": n, "description": text} for n, text in enumerate(steps)]}
    return {
        "at": at,
        "payload": {
            "kind": "plan_created",
            "data": data | ({} if revision is None else {"revision": revision}),
        },
    }


def test_only_steps_of_the_current_revision_count() -> None:
    events = told(
        plan(0, 0, "x", "y"),
        step(1, 0, "completed", 0),
        plan(2, 1, "u", "v", "w"),
        step(3, 0, "started", 1),
        step(4, 1, "failed", 0),
    )
    current = current_plan(events)
    assert current is not None
    assert (current.revision, current.total_steps) == (1, 3)
    assert [one.action for one in current.steps] == ["started", "pending", "pending"]
    assert [one.action for one in plan_history(events)[0].steps] == ["completed", "failed"]


def test_a_step_without_revision_belongs_to_the_plan_of_its_time() -> None:
    history = plan_history(
        told(plan(0, None, "x"), step(1, 0, "completed"), plan(2, None, "y"), step(3, 0, "started"))
    )
    assert [one.steps[0].action for one in history] == ["completed", "started"]
    assert current_plan(told(step(1, 0, "completed"))) is None


def ran(duration_ms: int, *, is_open: bool = False) -> Stretch:
    return Stretch(NOW, NOW + duration_ms * 1000, is_open)


def test_time_is_counted_once() -> None:
    assert covered([(0, 10), (5, 15), (20, 30), (22, 25)]) == 25
    events = told(
        start("outer", 0), start("t1", 0, "outer"), start("t2", 0, "outer"), llm(80, 60, "t1"), llm(90, 60, "t2"),
        done("t1", 100, "outer", ms=100), done("t2", 120, "outer", ms=120), done("outer", 150, ms=150),
    )  # fmt: skip
    split = time_breakdown(events, ran(200))
    assert (split.llm_ms, split.tool_ms, split.other_ms) == (70, 50, 80)


def split_of(run: Stretch | int, *events: dict[str, Any]) -> tuple[int, int, int]:
    run = run if isinstance(run, Stretch) else ran(run)
    split = time_breakdown(told(*events), run)
    assert split.llm_ms is not None
    assert split.llm_ms + split.tool_ms + split.waiting_ms + split.other_ms == (run.end - run.start) // 1000
    assert split.waiting_ms == 0
    return split.llm_ms, split.tool_ms, split.other_ms


def test_only_tools_and_retrievals_are_tool_time() -> None:
    events = [
        start("graph", 0, kind="agent"), start("plan", 10, "graph", kind="node"), llm(40, 20, "plan"),
        done("plan", 60, "graph", ms=50), start("act", 60, "graph", kind="node"),
        start("search", 70, "act", kind="tool"), done("search", 100, "act", ms=30),
        start("docs", 100, "act", kind="retrieval"), done("docs", 110, "act", ms=10),
        done("act", 150, "graph", ms=90), start("rest", 150, "graph", kind="chain"),
        done("rest", 190, "graph", ms=40), done("graph", 200, ms=200),
    ]  # fmt: skip
    assert split_of(200, *events) == (20, 40, 140)


def test_a_tool_that_runs_an_agent_gives_its_time_to_what_runs_inside() -> None:
    events = [
        start("ask", 0, kind="tool"), start("helper", 10, "ask", kind="agent"), llm(50, 20, "helper"),
        start("search", 50, "helper", kind="tool"), done("search", 70, "helper", ms=20),
        done("helper", 90, "ask", ms=80), done("ask", 100, ms=100),
    ]  # fmt: skip
    assert split_of(100, *events) == (20, 40, 40)


def test_tools_side_by_side_count_once_and_beside_a_node_they_still_count() -> None:
    events = [
        start("a", 0, kind="tool"), start("b", 20, kind="tool"), start("n", 0, kind="node"),
        done("a", 60, ms=60), done("b", 80, ms=60), done("n", 100, ms=100),
    ]  # fmt: skip
    assert split_of(100, *events) == (0, 80, 20)


def test_an_action_made_by_hand_is_a_tool_when_nothing_is_in_it() -> None:
    assert split_of(100, start("a", 0), done("a", 30, ms=30)) == (0, 30, 70)
    inner = [start("b", 10, "a", kind="chain"), done("b", 20, "a", ms=10)]
    assert split_of(100, start("a", 0), *inner, done("a", 30, ms=30)) == (0, 0, 100)


def test_a_tool_at_work_counts_while_its_run_is_open() -> None:
    events = [start("a", 0, kind="tool"), {"at": 50, "payload": {"kind": "note"}}]
    assert split_of(ran(70, is_open=True), *events) == (0, 70, 0)
    assert split_of(50, *events) == (0, 0, 50), "when it ended is unknown once the run is over"


def test_odd_spans_keep_the_sum() -> None:
    events = [
        start("a", 10, "b", kind="tool"), start("b", 5, "a", kind="tool"), done("a", 30, "b", ms=999),
        done("b", 31, "a", ms=1), start("c", 90, "c", kind="tool"), done("c", 80, "c"), llm(95, 500),
    ]  # fmt: skip
    assert sum(split_of(100, *events)) == 100


def test_an_error_known_by_its_origin_is_one_chain() -> None:
    chains = error_chains(
        told(
            {"type": "action_failed", "action_id": "in", "payload": {"exception_type": "E", "exception_message": "m"}},
            {"type": "action_failed", "action_id": "out", "payload": {"exception_type": "E", "error_origin": "in"}},
            {"type": "action_failed", "action_id": "new", "payload": {"exception_type": "E"}},
        )
    )  # fmt: skip
    assert [len(chain.chain) for chain in chains] == [2, 1]


def test_circular_parents_become_roots_and_keep_what_hangs_on_them() -> None:
    tree, _ = action_tree(
        told(start("a", 0, "b"), start("b", 1, "a"), start("c", 2, "c"), start("d", 3, "a"))
    )
    assert [node.action_id for node in tree] == ["a", "b", "c"]
    assert [child.action_id for child in tree[0].children] == ["d"]


def test_the_parts_never_exceed_the_whole() -> None:
    split = time_breakdown(told(llm(1000, 900), start("a", 0), done("a", 1000, ms=1000)), ran(100))
    assert (split.llm_ms, split.tool_ms, split.other_ms) == (100, 0, 0)
