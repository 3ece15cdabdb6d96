"""Teams made up at random, with everything that can go wrong in them: what holds for one must hold for all."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import hiveloop_autogen
import pytest
from autogen_agentchat.agents import AssistantAgent, SocietyOfMindAgent
from autogen_agentchat.teams import RoundRobinGroupChat, SelectorGroupChat
from autogen_agentchat.tools import AgentTool, TeamTool
from hiveloop.testing import capture_events
from hiveloop.testing.conformance import assert_catalogue, assert_closed

from .scripted import Scripted, says
from .teams import get_weather


def plain(n: int) -> int:
    """Plain."""
    return n


async def broken(n: int) -> int:
    """Broken."""
    raise ValueError(f"no {n}")


class Maker:
    """Makes one team or agent from a seed; the same one from the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.models: list[Scripted] = []
        self.made = 0

    def name(self, kind: str) -> str:
        self.made += 1
        return f"{kind}{self.made}"

    def model(self, *script: Any) -> Scripted:
        self.models.append(Scripted(*script))
        return self.models[-1]

    def calls(self) -> list[tuple[str, Any]]:
        known: list[tuple[str, Any]] = [
            ("get_weather", {"city": "Oslo"}),
            ("plain", {"n": 1}),
            ("broken", {"n": 2}),
            ("plain", {"m": 1}),
            ("ghost", {}),
            ("plain", "{bad"),
        ]
        return self.random.choices(known, k=self.random.randint(1, 4))

    def agent(self, depth: int) -> AssistantAgent:
        tools: list[Any] = [get_weather, plain, broken]
        calls = self.calls()
        if depth > 0 and self.random.random() < 0.4:
            inner = self.agent(depth - 1) if self.random.random() < 0.6 else None
            tool = (
                AgentTool(inner)
                if inner
                else TeamTool(self.team(depth - 1), name=self.name("crew"), description="c")
            )
            tools.append(tool)
            calls.append((tool.name, {"task": "do it"}))
        answers: list[Any] = [says("", *calls)] if self.random.random() < 0.7 else []
        answers.append(
            ConnectionError("refused") if self.random.random() < 0.15 else says("done", usage=(0, 0))
        )
        return AssistantAgent(
            self.name("agent"),
            self.model(*answers),
            tools=tools,
            reflect_on_tool_use=self.random.random() < 0.5,
            max_tool_iterations=self.random.randint(1, 2),
            model_client_stream=self.random.random() < 0.4,
        )

    def team(self, depth: int) -> Any:
        members = [self.member(depth - 1) for _ in range(self.random.randint(1, 3))]
        turns = self.random.randint(1, 3)
        if len(members) > 1 and self.random.random() < 0.3:
            selector = self.model(members[-1].name)
            return SelectorGroupChat(members, selector, max_turns=turns, name=self.name("team"))
        return RoundRobinGroupChat(members, max_turns=turns, name=self.name("team"))

    def member(self, depth: int) -> Any:
        kind = self.random.random()
        if depth > 0 and kind < 0.3:
            return self.team(depth)
        if depth > 0 and kind < 0.4:
            return SocietyOfMindAgent(self.name("society"), self.team(depth), self.model("in short"))
        return self.agent(depth)


async def _read(seed: int, leave_after: int | None) -> tuple[list[Any], Maker]:
    """What comes out of a team, to its end or to where the reader leaves."""
    maker = Maker(seed)
    team = maker.team(3)
    said: list[Any] = []
    stream = team.run_stream(task="go")
    try:
        async for message in stream:
            # AutoGen shows a team's traceback to the model that uses it as a tool; lines of ours may be in that.
            text = str(getattr(message, "content", "")).partition("Traceback")[0]
            said.append((type(message).__name__, getattr(message, "source", None), text))
            if len(said) == leave_after:
                break
    except (RuntimeError, ConnectionError) as error:
        said.append((type(error).__name__, None, str(error).partition("\n")[0]))
    with contextlib.suppress(RuntimeError, ConnectionError):
        await stream.aclose()
    return said, maker


@pytest.mark.parametrize("turns", ["tasks", "actions"])
@pytest.mark.parametrize("seed", range(40))
@pytest.mark.filterwarnings("ignore:Parallel tool calls")
async def test_any_team(seed: int, turns: Any) -> None:
    leave_after = random.Random(seed).choice([None, None, 2, 5])
    expected, bare = await _read(seed, leave_after)
    hiveloop_autogen.instrument(turns=turns)
    with capture_events() as seen:
        said, watched = await _read(seed, leave_after)
    asked = sum(model.asked for model in watched.models)
    assert said == expected
    assert asked == sum(model.asked for model in bare.models)
    assert len(seen.kinds("llm_call")) == asked, "every call of a model is told once"
    assert_closed(seen)
    assert_catalogue(seen)
    starts = seen.of_type("task_started")
    root = starts[0]["task_run_id"]
    assert "correlation_id" not in starts[0]
    assert {event["correlation_id"] for event in starts[1:]} <= {root}
    actions = {event["action_id"]: event["task_run_id"] for event in seen.of_type("action_started")}
    for event in seen.events:
        for link in (event.get("action_id"), event.get("parent_action_id")):
            assert link is None or actions[link] == event["task_run_id"], "a parent in another task"
    if turns == "actions":
        assert len(starts) == 1
