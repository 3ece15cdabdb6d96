"""GateMiddleware: what a detector has to say reaches the model in the tool's place, and a stop comes out as it was raised."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hiveloop import Intervention
from hiveloop.detectors import CycleDetector, Detector
from hiveloop.testing import capture_events
from hiveloop.testing.conformance import assert_closed
from hiveloop_langchain import GateMiddleware
from langchain_core.messages import ToolMessage

from .looping import ASKED, Search, agent_of, config, looping
from .scripted import names


@pytest.mark.parametrize("is_async", [False, True])
def test_nudge_answers_in_the_place_of_the_tool(is_async: bool) -> None:
    search = Search()
    with capture_events(detectors=[CycleDetector(on_detect="nudge")]) as seen:
        agent = agent_of(looping(), search, middleware=[GateMiddleware()])
        result = asyncio.run(agent.ainvoke(ASKED, config())) if is_async else agent.invoke(ASKED, config())
    assert search.ran == 2
    read = [message for message in result["messages"] if isinstance(message, ToolMessage)]
    assert [message.content == "nothing found" for message in read] == [True, True, False]
    assert "repeating yourself" in read[-1].content
    assert (read[-1].name, read[-1].tool_call_id) == ("search", "call-0-search")
    assert result["messages"][-1].content == "I stop"
    assert names(seen, "action_started").count("search") == 3
    assert_closed(seen)


def test_the_object_that_was_raised_is_the_one_that_comes_out() -> None:
    stop = Intervention("the owner said so")

    def decide(finding: Any) -> None:
        raise stop

    with capture_events(detectors=[CycleDetector(on_detect=decide)]):
        with pytest.raises(Intervention) as raised:
            agent_of(looping(), Search(), middleware=[GateMiddleware()]).invoke(ASKED, config())
    assert raised.value is stop


def test_the_middleware_asks_once_and_passes_all_else_on() -> None:
    class Asked(Detector):
        def __init__(self) -> None:
            super().__init__()
            self.calls: list[tuple[str, str, Any]] = []

        def before_call(self, call: Any) -> None:
            self.calls.append((call.kind, call.name, call.arguments if call.kind == "tool" else None))

    search, asked = Search(), Asked()
    agent = agent_of(looping(1), search, middleware=[GateMiddleware()])
    with capture_events(detectors=[asked]):
        agent.invoke(ASKED, config())
    assert asked.calls == [
        ("llm", "model", None), ("tool", "search", {"q": "flour"}), ("llm", "model", None),
    ]  # fmt: skip
    agent.invoke(ASKED)  # nobody observes, nobody asks
    assert search.ran == 2
