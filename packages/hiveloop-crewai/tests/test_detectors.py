"""Detectors on real CrewAI crews: what they find, and that a stop or a nudge arrives where it must."""

from __future__ import annotations

import contextvars
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import hiveloop
import hiveloop_crewai
import pytest
from hiveloop import Intervention
from hiveloop.detectors import (
    BudgetExceeded,
    BudgetGuard,
    ContradictionDetector,
    CycleDetected,
    CycleDetector,
    ErrorBurstDetector,
    PromptBloatDetector,
    RetryStormDetector,
    SilentDropDetector,
    StateDriftDetector,
    StuckDetector,
    TokenWasteDetector,
)
from hiveloop.testing import Captured, capture_events
from hiveloop.testing.conformance import assert_closed

from .replaying import calls

Answer = Callable[[list[dict[str, Any]]], dict[str, Any]]


class Provider(ThreadingHTTPServer):
    """A provider on loopback that answers as it is told to."""

    daemon_threads = True
    answer: Answer
    statuses: list[int]
    usage: dict[str, int]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses, self.usage = [], {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        message = self.server.answer(asked["messages"])
        body = {
            "id": "1", "object": "chat.completion", "created": 1, "model": "gpt-4.1-mini", "usage": self.server.usage,
            "choices": [{"index": 0, "message": message, "finish_reason": message.pop("finish_reason", "stop")}],
        }  # fmt: skip
        data = json.dumps(body if status == 200 else {"error": {"message": "busy"}}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.send_header("retry-after-ms", "1")
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def provider() -> Iterator[Provider]:
    hiveloop_crewai.instrument()
    server = Provider()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def asks(name: str, **arguments: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    call = {"id": "call-1", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call], "finish_reason": "tool_calls"}


def says(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def in_order(*answers: dict[str, Any]) -> Answer:
    """The n-th answer to a conversation that holds n tool results."""

    def answer(messages: list[dict[str, Any]]) -> dict[str, Any]:
        turn = sum(message["role"] == "tool" for message in messages)
        return dict(answers[min(turn, len(answers) - 1)])

    return answer


def looping(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """The model asks the same thing again and again, until it is told not to."""
    is_told = any(
        message["role"] == "tool" and "repeating yourself" in str(message["content"]) for message in messages
    )
    turns = sum(message["role"] == "tool" for message in messages)
    return says("I stop") if is_told or turns >= 4 else asks("search", q="flour")


class Search:
    """A tool that counts what it really did."""

    def __init__(self, result: str = "nothing found") -> None:
        self.ran = 0
        self.result = result

    def tool(self) -> Any:
        from crewai.tools import tool

        @tool("search")
        def search(q: str) -> str:
            """Search."""
            self.ran += 1
            return self.result

        search.cache_function = lambda *_: False
        return search


def run(provider: Provider, answer: Answer, *tools: Any, retries: int = 0) -> Any:
    """One crew of one agent and one task, in a context of its own."""
    from crewai import LLM, Agent, Crew, Task

    provider.answer = answer
    llm = LLM(model="gpt-4.1-mini", api_key="none", max_retries=retries, base_url=provider.url)
    agent = Agent(role="Finder", goal="g", backstory="b", llm=llm, tools=list(tools), cache=False)
    task = Task(name="find", description="flour?", expected_output="e", agent=agent)
    crew = Crew(agents=[agent], tasks=[task], name="desk", cache=False)
    try:
        return contextvars.copy_context().run(crew.kickoff)
    finally:
        hiveloop.flush()


def found(seen: Captured) -> list[dict[str, Any]]:
    return [event["payload"]["data"] for event in seen.kinds("anomaly")]


# -- loops --


def test_a_loop_is_reported_and_the_crew_goes_on(provider: Provider) -> None:
    search = Search()
    with capture_events(detectors=[CycleDetector()]) as seen:
        run(provider, looping, search.tool())
    assert search.ran == 4
    assert [one["cycle_length"] for one in found(seen)] == [3, 4]


def test_raise_stops_the_crew_at_the_next_step_with_what_was_raised(provider: Provider) -> None:
    stop = Intervention("the owner said so")

    def decide(finding: Any) -> None:
        raise stop

    for how, expected in (("raise", CycleDetected), (decide, Intervention)):
        search = Search()
        with capture_events(detectors=[CycleDetector(on_detect=how)]) as seen:  # type: ignore[arg-type]
            with pytest.raises(expected) as raised:
                run(provider, looping, search.tool())
        assert search.ran == 2
        assert len(calls(seen)) == 3
        assert [event["status"] for event in seen.of_type("task_failed")] == ["failure"]
        assert seen.of_type("task_completed") == []
        assert_closed(seen)
    assert raised.value is stop


def test_nudge_answers_in_the_place_of_the_tool(provider: Provider) -> None:
    search = Search()
    with capture_events(detectors=[CycleDetector(on_detect="nudge")]) as seen:
        result = run(provider, looping, search.tool())
    assert search.ran == 2
    assert result.raw == "I stop"
    assert_closed(seen)


# -- budgets --


def test_a_budget_is_reserved_before_a_call_and_settled_after_it(provider: Provider) -> None:
    with capture_events(detectors=[BudgetGuard(tokens=400)]) as seen:
        with pytest.raises(BudgetExceeded, match="tokens budget"):
            run(provider, looping, Search().tool())
    assert len(calls(seen)) == 2
    assert found(seen)[0]["spent"] == 300
    assert_closed(seen)


# -- standing still --


def test_a_tool_that_stands_still_shows_where(provider: Provider) -> None:
    from crewai.tools import tool

    released = threading.Event()

    @tool("fetch")
    def fetch(q: str) -> str:
        """Fetch."""
        released.wait(10)
        return "at last"

    detector = StuckDetector(after=0.3, on_detect=lambda finding: released.set())
    with capture_events(detectors=[detector]) as seen:
        run(provider, in_order(asks("fetch", q="x"), says("done")), fetch)
    stuck = found(seen)[-1]
    assert stuck["step"] == "fetch"
    assert any(line.endswith("in fetch") for line in stuck["stack"]), stuck


# -- failures --


def test_http_retries_of_the_client_are_a_storm(provider: Provider) -> None:
    provider.statuses = [503, 503, 503]
    with capture_events(detectors=[RetryStormDetector(threshold=3)]) as seen:
        run(provider, lambda messages: says("done"), retries=3)
    assert [one["retries"] for one in found(seen)] == [3]


def test_tools_that_fail_are_a_burst(provider: Provider) -> None:
    from crewai.tools import tool

    @tool("fetch")
    def fetch(q: str) -> str:
        """Fetch."""
        raise TimeoutError("no answer")

    answers = [asks("fetch", q=str(number)) for number in range(3)]
    with capture_events(detectors=[ErrorBurstDetector(threshold=3)]) as seen:
        run(provider, in_order(*answers, says("done")), fetch)
    assert found(seen)[0]["errors"] >= 3


# -- prompts and tokens --


def test_tool_results_that_crowd_out_the_rest_are_bloat(provider: Provider) -> None:
    provider.usage = {"prompt_tokens": 5_000, "completion_tokens": 10, "total_tokens": 5_010}
    search = Search("word " * 3_000).tool()
    with capture_events(detectors=[PromptBloatDetector(context_window=8_000)]) as seen:
        run(provider, in_order(asks("search", q="x"), says("done")), search)
    assert ("component", "tools") in [(one["bloat"], one.get("component")) for one in found(seen)]
    composition = seen.kinds("prompt_composition")[-1]["payload"]["data"]
    assert composition["largest_component"] == "tools"
    assert composition["system_prompt_tokens"] > 0
    assert composition["context_utilization_pct"] == 62.5


def test_an_answer_cut_off_is_waste(provider: Provider) -> None:
    provider.usage = {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1_000}
    cut = {**says("and then"), "finish_reason": "length"}
    with capture_events(detectors=[TokenWasteDetector(min_tokens=1_000)]) as seen:
        run(provider, lambda messages: dict(cut))
    assert [one["cut_off_answers_tokens"] for one in found(seen)][:1] == [1_000]


# -- books that do not add up --


def test_work_without_a_task_and_plans_and_states_that_contradict_themselves(provider: Provider) -> None:
    from crewai.tools import tool

    @tool("plan")
    def plan(q: str) -> str:
        """Note what was done."""
        with hiveloop.agent("Finder").task("bake") as task:
            task.watch_state({"price": 3, "item": "flour"})
            task.watch_state({"price": "three"})
            task.plan("bake", ["mix", "bake"])
            task.plan_step(1, "completed", "")
        return "noted"

    detectors = [SilentDropDetector(), ContradictionDetector(), StateDriftDetector()]
    with capture_events(detectors=detectors) as seen:  # type: ignore[arg-type]
        desk = hiveloop.agent("warehouse")
        desk.queue_snapshot(3)
        run(provider, in_order(asks("plan", q="x"), says("done")), plan)
        desk.queue_snapshot(1)
    by_name = {one["detector"]: one for one in found(seen)}
    assert by_name["silent_drop"]["items"] == 2
    assert by_name["contradiction"]["step_index"] == 1
    assert (by_name["state_drift"]["removed"], by_name["state_drift"]["retyped"]) == (["item"], ["price"])
