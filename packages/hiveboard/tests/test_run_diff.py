"""Two runs side by side: what is the same, where they part, and that ten thousand steps are no matter."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from hiveboard.projections.run_alignment import align
from hypothesis import given
from hypothesis import strategies as st

from .conftest import Collector, event, kind

Events = list[dict[str, Any]]


def tool(
    name: str, at: int, task: dict[str, str], args: Any = None, error: str | None = None, took: int = 10
) -> Events:
    """A tool call of one run: start and end, with a model call before it."""
    action = f"{task['task_id']}-{at}"
    payload = {"action_name": name, "kind": "tool"} | ({} if args is None else {"args": args})
    end = {"action_name": name} | (
        {} if error is None else {"exception_type": error, "exception_message": "no"}
    )
    return [
        kind(
            "llm_call",
            at,
            data={"name": "choose", "model": "m", "tokens_in": 10, "tokens_out": 1, "cost": 0.25},
            **task,
        ),
        event("action_started", at + 1, action_id=action, payload=payload, **task),
        event(
            "action_failed" if error else "action_completed",
            at + 1 + took,
            action_id=action,
            duration_ms=took,
            payload=end,
            **task,
        ),
    ]


def run(task_id: str, tools: list[dict[str, Any]], failed: bool = False, run_id: str = "r") -> Events:
    """A run of tool calls, a hundred milliseconds apart."""
    task = {"task_id": task_id, "task_run_id": run_id}
    events = [event("task_started", 0, **task)]
    for at, call in enumerate(tools):
        events += tool(at=1 + 100 * at, task=task, **call)
    end = "task_failed" if failed else "task_completed"
    return [*events, event(end, 100 * len(tools) + 50, **task)]


def compare(collector: Collector, a: Events, b: Events, **params: Any) -> dict[str, Any]:
    collector.store(a)
    collector.store(b)
    answer = collector.get("/v1/diff", a="a", b="b", **params)
    assert answer.status == 200, answer.raw
    found: dict[str, Any] = answer.json
    return found


def ops(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(row["op"], (row["a"] or row["b"])["name"]) for row in found["rows"]]


SEARCH, WRITE, SEND = {"name": "search", "args": {"q": "x"}}, {"name": "write"}, {"name": "send"}


def test_the_same_run_is_identical(collector: Collector) -> None:
    found = compare(collector, run("a", [SEARCH, WRITE]), run("b", [SEARCH, WRITE]))
    assert found["identical"] is True
    assert found["first_divergence"] is None
    assert [row["op"] for row in found["rows"]] == ["same"] * 4
    assert found["summary"] == "The runs took the same 4 steps (both completed)."
    assert found["cost"] == {"a": 0.5, "b": 0.5, "change": 0.0}


def test_an_inserted_step_is_the_only_difference(collector: Collector) -> None:
    found = compare(collector, run("a", [SEARCH, SEND]), run("b", [SEARCH, WRITE, SEND]))
    assert (found["same_steps"], found["only_a_steps"], found["only_b_steps"]) == (4, 0, 2)
    assert [one for one in ops(found) if one[0] != "same"] == [("only_b", "write"), ("only_b", "choose")]
    assert found["first_divergence"]["index"] == 3
    assert found["first_divergence"]["after"] == "llm choose"
    assert found["first_divergence"]["text"] == "only b did tool write"
    assert found["cost"]["change"] == 0.25
    assert found["tokens_in"] == {"a": 20.0, "b": 30.0, "change": 10.0}
    tools = {tool["name"]: (tool["a_calls"], tool["b_calls"]) for tool in found["tools"]}
    assert tools == {"choose": (2, 3), "write": (0, 1), "search": (1, 1), "send": (1, 1)}


def test_other_arguments_are_a_change_and_not_another_step(collector: Collector) -> None:
    found = compare(collector, run("a", [SEARCH, SEND]), run("b", [{**SEARCH, "args": {"q": "y"}}, SEND]))
    assert (found["same_steps"], found["changed_steps"]) == (3, 1)
    first = found["first_divergence"]
    assert first["row"]["changed"] == ["arguments"]
    assert (first["row"]["a"]["arguments"], first["row"]["b"]["arguments"]) == ('{"q":"x"}', '{"q":"y"}')
    assert first["text"] == "tool search was called with other arguments"


def test_the_order_of_keys_in_arguments_means_nothing(collector: Collector) -> None:
    a, b = {**SEARCH, "args": {"q": "x", "n": 1}}, {**SEARCH, "args": {"n": 1, "q": "x"}}
    assert compare(collector, run("a", [a]), run("b", [b]))["identical"] is True


def test_arguments_that_differ_beyond_what_is_shown_differ(collector: Collector) -> None:
    a, b = ({**SEARCH, "args": {"q": "x" * 900 + end}} for end in "yz")
    found = compare(collector, run("a", [a]), run("b", [b]))
    assert found["changed_steps"] == 1
    assert len(found["rows"][1]["a"]["arguments"]) == 501


def test_calls_of_one_name_are_paired_by_their_arguments(collector: Collector) -> None:
    y = {**SEARCH, "args": {"q": "y"}}
    found = compare(collector, run("a", [SEARCH, y]), run("b", [y]))
    assert (found["same_steps"], found["changed_steps"], found["only_a_steps"]) == (2, 0, 2)


def test_a_failure_tells_its_error(collector: Collector) -> None:
    broken = {**SEND, "error": "SMTPError"}
    found = compare(collector, run("a", [SEARCH, SEND]), run("b", [SEARCH, broken], failed=True))
    assert found["outcome"] == ["completed", "failed"]
    assert found["first_divergence"]["row"]["changed"] == ["status", "error"]
    assert "SMTPError: no" in found["first_divergence"]["text"]
    assert found["tools"][0]["a_failed"] == 0
    assert {tool["name"]: tool["b_failed"] for tool in found["tools"]}["send"] == 1


def test_a_step_done_instead_of_another(collector: Collector) -> None:
    found = compare(collector, run("a", [SEARCH, WRITE]), run("b", [SEARCH, SEND]))
    assert found["first_divergence"]["text"] == "a did tool write where b did tool send"


def test_a_replan_shows(collector: Collector) -> None:
    task = {"task_id": "b", "task_run_id": "r"}
    plan = kind("plan_created", 30, data={"goal": "g", "steps": [{"index": 0, "description": "one"}]}, **task)
    again = kind("plan_created", 150, data={"goal": "g", "steps": ["two"], "revision": 1}, **task)
    own = {**plan, "event_id": "00000000-0000-7000-8000-aaaaaaaaaaaa", "task_id": "a"}
    found = compare(collector, [*run("a", [SEARCH, SEND]), own], [*run("b", [SEARCH, SEND]), plan, again])
    assert [one for one in ops(found) if one[0] != "same"] == [("only_b", "replan 1")]


def test_unknown_cost_stays_unknown(collector: Collector) -> None:
    priced, silent = run("a", [SEARCH]), run("b", [SEARCH])
    for one in silent:
        if one.get("payload", {}).get("kind") == "llm_call":
            one["payload"] = {"kind": "llm_call", "summary": "s", "data": {"name": "choose", "model": "m"}}
    found = compare(collector, priced, silent)
    assert found["cost"] == {"a": 0.25, "b": None, "change": None}
    assert found["tokens_in"] == {"a": 10.0, "b": None, "change": None}


def test_runs_are_named_by_task_and_run(collector: Collector) -> None:
    collector.store(run("crew:1", [SEARCH], run_id="one"))
    collector.store(run("crew:1", [SEARCH, SEND], run_id="two"))
    by_colon = collector.get("/v1/diff", a="crew:1:one", b="crew:1:two").json
    by_name = collector.get("/v1/diff", a="crew:1", a_run="one", b="crew:1", b_run="two").json
    assert by_colon == by_name
    assert by_colon["only_b_steps"] == 2
    missing = collector.get("/v1/diff", a="crew:1", b="nobody")
    assert (missing.status, missing.json["error"]) == (404, "task_not_found")
    assert missing.json["message"].startswith("b: ")
    assert collector.get("/v1/diff", a="crew:1:one", a_run="two", b="crew:1").status == 404
    assert collector.get("/v1/diff", a="crew:1").status == 400


def test_as_markdown(collector: Collector) -> None:
    hostile = {"name": "se|nd `x` <b>\n```", "error": "E"}
    compare(collector, run("a", [SEARCH, SEND]), run("b", [SEARCH, hostile], failed=True))
    asked = collector.request("GET", "/v1/diff?a=a&b=b", Accept="text/markdown")
    named = collector.get("/v1/diff", a="a", b="b", format="markdown")
    assert asked.headers["content-type"] == "text/markdown; charset=utf-8"
    assert asked.raw == named.raw
    text = named.raw.decode()
    assert text.startswith("# Run diff\n")
    assert "| outcome | completed | failed | |" in text
    assert text.count("```") == 2
    assert "\n| tool se\\|nd \\`x\\` \\<b\\>" in text
    # A browser that takes anything gets JSON.
    assert collector.request("GET", "/v1/diff?a=a&b=b", Accept="*/*").json["summary"]


def test_rows_are_bounded_and_counted(collector: Collector) -> None:
    found = compare(collector, run("a", [SEARCH] * 9), run("b", [SEARCH] * 9), limit=5)
    assert (len(found["rows"]), found["rows_omitted"], found["same_steps"]) == (5, 13, 18)


def brute(a: str, b: str) -> int:
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a, 1):
        for j, y in enumerate(b, 1):
            table[i][j] = table[i - 1][j - 1] + 1 if x == y else max(table[i - 1][j], table[i][j - 1])
    return table[-1][-1]


@given(st.text("abc", max_size=14), st.text("abc", max_size=14))
def test_alignment_is_complete_ordered_and_longest(a: str, b: str) -> None:
    pairs = align(a, b, a, b)
    assert [i for i, _ in pairs if i is not None] == list(range(len(a)))
    assert [j for _, j in pairs if j is not None] == list(range(len(b)))
    matched = [(i, j) for i, j in pairs if i is not None and j is not None]
    assert all(a[i] == b[j] for i, j in matched)
    assert len(matched) == brute(a, b)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 1)), max_size=9),
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 1)), max_size=9),
)
def test_exact_matches_come_before_alike_ones(a: list[tuple[str, int]], b: list[tuple[str, int]]) -> None:
    pairs = align(a, b, [name for name, _ in a], [name for name, _ in b])
    assert [i for i, _ in pairs if i is not None] == list(range(len(a)))
    assert [j for _, j in pairs if j is not None] == list(range(len(b)))
    both = [(i, j) for i, j in pairs if i is not None and j is not None]
    assert all(a[i][0] == b[j][0] for i, j in both)
    assert sum(a[i] == b[j] for i, j in both) >= brute(a, b)  # type: ignore[arg-type]


@pytest.mark.parametrize("alphabet", [5, 5_000])
def test_five_thousand_steps_within_three_tenths_of_a_second(alphabet: int) -> None:
    draw = random.Random(7)
    a = [(draw.randrange(alphabet), draw.randrange(3)) for _ in range(5_000)]
    b = [one for one in a if draw.random() > 0.2] + [(draw.randrange(alphabet), 9) for _ in range(1_000)]
    draw.shuffle(b[1_000:2_000])
    best = 9.0
    for _ in range(3):
        began = time.process_time()
        pairs = align(a, b, [one for one, _ in a], [one for one, _ in b])
        best = min(best, time.process_time() - began)
    assert len([1 for i, _ in pairs if i is not None]) == 5_000
    assert best < 0.3
