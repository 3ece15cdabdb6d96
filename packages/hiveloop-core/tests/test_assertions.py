"""The assertions of the test kit: each holds where it should, fails where it should, and says why in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hiveloop
import pytest
from hiveloop.testing import Captured, capture_events

pytest_plugins = ["pytester"]


def failure(check: Callable[[], None]) -> str:
    with pytest.raises(AssertionError) as caught:
        check()
    return str(caught.value)


def work(
    *tools: str | tuple[str, dict[str, Any]], cost: float | None = 0.01, status: str = "success"
) -> None:
    """A run that calls its model, then each tool, then its model."""
    agent = hiveloop.agent("desk")
    with agent.task("lead-1", type="sales") as task:
        task.llm_call("decide", model="gpt-4.1-mini", tokens_in=900, tokens_out=100, cost=cost)
        for tool in tools:
            name, args = (tool, {"q": name_of(tool)}) if isinstance(tool, str) else tool
            with agent.track_context(name) as action:
                action.set_payload(hiveloop.tool_payload(args, "found"))
        task.llm_call("answer", model="gpt-4.1", tokens_in=950, tokens_out=50, cost=cost)
        if status != "success":
            task.complete(status=status)


def name_of(tool: str) -> str:
    return f"about {tool}"


def test_cost(hive: Captured) -> None:
    work("search")
    hive.assert_cost_below(0.021)
    said = failure(lambda: hive.assert_cost_below(0.02))
    assert said.startswith("The run cost $0.02 in 2 model calls; expected less than $0.02.")
    assert "  1. model call decide (gpt-4.1-mini), 1,000 tokens, $0.01\n  2. tool search\n" in said
    assert said.endswith("Tasks: lead-1 success.")


def test_an_unknown_cost_is_not_zero(hive: Captured) -> None:
    work(cost=None)
    said = failure(lambda: hive.assert_cost_below(100))
    assert said.startswith("The cost is unknown: 2 model calls (gpt-4.1, gpt-4.1-mini) of 2 carry none")
    assert hive.story.cost is None
    with hiveloop.agent("desk").task("more") as task:
        task.llm_call("x", cost=5)
    said = failure(lambda: hive.assert_cost_below(5))
    assert said.startswith("The run cost $5.00 in 1 model call, and 2 more calls of unknown cost;")


def test_prices_make_a_cost_known() -> None:
    with capture_events(prices={"gpt-4.1": {"input_per_m": 2, "output_per_m": 8}}) as seen:
        with hiveloop.agent("desk").task("t") as task:
            task.llm_call("x", model="gpt-4.1", tokens_in=1_000_000, tokens_out=0)
    seen.assert_cost_below(2.01)
    assert failure(lambda: seen.assert_cost_below(2)).startswith("The run cost $2.00 ")


def test_a_run_without_model_calls_costs_nothing(hive: Captured) -> None:
    with hiveloop.agent("desk").task("t"):
        pass
    hive.assert_cost_below(0.01)
    hive.assert_tokens_below(1)
    hive.assert_llm_calls(max=0)


def test_tokens(hive: Captured) -> None:
    work()
    hive.assert_tokens_below(2_001)
    said = failure(lambda: hive.assert_tokens_below(2_000))
    assert said.startswith("The run used 2,000 tokens in 2 model calls; expected fewer than 2,000.")
    with hiveloop.agent("desk").task("more") as task:
        task.llm_call("x", model="m", tokens_in=5)
    said = failure(lambda: hive.assert_tokens_below(10_000))
    assert said.startswith("The tokens are unknown: 1 model call (m) of 3 told none")
    assert "did not tell all of theirs" in failure(lambda: hive.assert_tokens_below(2_005))


def test_llm_calls(hive: Captured) -> None:
    work()
    hive.assert_llm_calls(max=2, min=2)
    hive.assert_llm_calls(max=1, min=1, model="gpt-4.1")
    hive.assert_llm_calls(min=2, model="gpt-4.1*")
    hive.assert_llm_calls(max=0, model="claude*")
    assert failure(lambda: hive.assert_llm_calls(max=1)).startswith(
        "The run made 2 model calls; expected at most 1."
    )
    assert failure(lambda: hive.assert_llm_calls(min=2, model="gpt-4.1")).startswith(
        "The run made 1 model call of gpt-4.1; expected at least 2."
    )
    with pytest.raises(TypeError):
        hive.assert_llm_calls()


def test_tools(hive: Captured) -> None:
    work("search", "send")
    hive.assert_tools(["search", "send"])
    hive.assert_tools(["send", "search"], order=False)
    said = failure(lambda: hive.assert_tools(["send", "search"]))
    assert said.startswith(
        "The run used the tools search → send; expected send → search in this order (the order differs from step 1 on)."
    )
    said = failure(lambda: hive.assert_tools(["search", "search"], order=False))
    assert "(missing: search; not expected: send)" in said
    assert "(missing: search, send" not in said
    assert failure(lambda: hive.assert_tools([])).startswith(
        "The run used the tools search → send; expected (none)"
    )
    with pytest.raises(TypeError, match="wrap"):
        hive.assert_tools("search")


def test_no_loop(hive: Captured) -> None:
    work(("search", {"q": 1}), ("search", {"q": 2}), ("search", {"q": 1}), ("search", {"q": 1}))
    hive.assert_no_loop()
    work(("search", {"q": 3, "n": 1}), ("search", {"n": 1, "q": 3}), ("search", {"q": 3, "n": 1}))
    said = failure(hive.assert_no_loop)
    assert said.startswith(
        "The run is in a loop: search was called 3 times in a row with the same arguments; expected none."
    )
    hive.assert_no_loop(threshold=4)
    hive.assert_no_loop(exempt=["search"])


def test_a_loop_that_alternates_is_found_and_runs_are_kept_apart(hive: Captured) -> None:
    for _ in range(3):
        work("search")
    hive.assert_no_loop()
    work("search", "send", "search", "send")
    assert "search → send repeats: 4 calls" in failure(hive.assert_no_loop)


def test_calls_without_arguments_are_compared_by_name(hive: Captured) -> None:
    agent = hiveloop.agent("desk")
    with agent.task("t"):
        for _ in range(3):
            with agent.track_context("poll"):
                pass
    assert "poll was called 3 times" in failure(hive.assert_no_loop)


def test_no_errors(hive: Captured) -> None:
    work("search")
    hive.assert_no_errors()
    agent = hiveloop.agent("desk")
    with pytest.raises(ValueError, match="no such"), agent.task("t2"):
        with agent.track_context("send") as action:
            action.set_payload(hiveloop.tool_payload({}, None, success=False, error="bounced"))
        with agent.track_context("lookup"):
            raise ValueError("no such lead")
    said = failure(hive.assert_no_errors)
    assert said.startswith(
        "3 errors reported; expected none:\n  - send: bounced\n  - lookup: ValueError: no such lead\n  - t2: ValueError: no such lead\n"
    )
    assert "tool send, failed: send: bounced" not in said
    assert "tool send, failed: bounced" in said


def test_status(hive: Captured) -> None:
    assert failure(lambda: hive.assert_status("success")).startswith("No task was reported;")
    work()
    hive.assert_status("success")
    hive.assert_status("completed", task="lead-1")
    work(status="cancelled")
    said = failure(lambda: hive.assert_status("success", task="sales"))
    assert said.startswith("1 task of 2 ended otherwise: lead-1 ended with cancelled; expected success.")
    hiveloop.agent("desk").start_task("open-one")
    said = failure(lambda: hive.assert_status("success", task="open-one"))
    assert "open-one has not ended" in said
    assert "No task 'nobody'" in failure(lambda: hive.assert_status("success", task="nobody"))
