"""One run of everything, for any version of AgentChat: a team, a tool, a model, a handoff; prints what was told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import hiveloop_autogen
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import HandoffTermination, TextMentionTermination
from autogen_agentchat.messages import HandoffMessage
from autogen_agentchat.teams import MagenticOneGroupChat, RoundRobinGroupChat, Swarm
from autogen_core import FunctionCall
from autogen_core.models import (
    AssistantMessage,
    ChatCompletionClient,
    CreateResult,
    ModelFamily,
    ModelInfo,
    RequestUsage,
)
from hiveloop import Intervention, _safety
from hiveloop.adapters import add_gate, remove_gate
from hiveloop.testing import capture_events


class Scripted(ChatCompletionClient):
    component_config_schema = None

    def __init__(self, *script: Any, in_order: bool = False) -> None:
        self.script = script
        self._create_args = {"model": "scripted"}
        self.in_order = in_order
        self.asked = 0

    async def create(self, messages: Any, **kwargs: Any) -> CreateResult:
        turn = self.asked if self.in_order else sum(isinstance(found, AssistantMessage) for found in messages)
        self.asked += 1
        answer = self.script[min(turn, len(self.script) - 1)]
        if isinstance(answer, Exception):
            raise answer
        calls = isinstance(answer, list)
        return CreateResult(
            finish_reason="function_calls" if calls else "stop",
            content=[
                FunctionCall(id=f"c{n}", name=name, arguments=json.dumps(given))
                for n, (name, given) in enumerate(answer)
            ]
            if calls
            else answer,
            usage=RequestUsage(prompt_tokens=120, completion_tokens=30),
            cached=False,
        )

    async def create_stream(self, messages: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        answer = await self.create(messages, **kwargs)
        if isinstance(answer.content, str):
            for word in answer.content.split(" "):
                yield word
        yield answer

    async def close(self) -> None: ...
    def actual_usage(self) -> Any: ...
    def total_usage(self) -> Any: ...
    def count_tokens(self, messages: Any, **kwargs: Any) -> int:
        return 0

    def remaining_tokens(self, messages: Any, **kwargs: Any) -> int:
        return 0

    @property
    def capabilities(self) -> Any:
        return self.model_info

    @property
    def model_info(self) -> ModelInfo:
        return ModelInfo(
            vision=False,
            function_calling=True,
            json_output=True,
            family=ModelFamily.UNKNOWN,
            structured_output=False,
        )


def find(order: str) -> str:
    """Find an order."""
    return f"{order} found"


async def fail() -> str:
    """Fail."""
    raise ValueError("boom")


def agent(name: str, *script: Any, **settings: Any) -> AssistantAgent:
    return AssistantAgent(name, Scripted(*script), description=name, **settings)


async def handoffs() -> None:
    first = agent("first", [("transfer_to_second", {})], handoffs=["second"])
    asks = [("find", {"order": "7"}), ("find", {"order": "8"}), ("fail", {}), ("ghost", {})]
    second = agent("second", asks, "DONE", tools=[find, fail], reflect_on_tool_use=True)
    ends = TextMentionTermination("DONE")
    await Swarm([first, second], termination_condition=ends).run(task="hi")


async def person() -> None:
    clerk = agent("clerk", [("transfer_to_boss", {})], "DONE", handoffs=["boss"], model_client_stream=True)
    ends = HandoffTermination("boss") | TextMentionTermination("DONE")
    team = Swarm([clerk], termination_condition=ends)
    await team.run(task="hi")
    await team.run(task=HandoffMessage(source="boss", target="clerk", content="yes"))


def ledger(done: bool, progress: bool) -> str:
    names = (
        "is_request_satisfied",
        "is_progress_being_made",
        "is_in_loop",
        "instruction_or_question",
        "next_speaker",
    )
    answers = (done, progress, False, "count the beans now", "w")
    return json.dumps(
        {name: {"reason": "r", "answer": answer} for name, answer in zip(names, answers, strict=True)}
    )


async def planning() -> None:
    script = (
        "facts",
        "- count the beans now",
        ledger(False, True),
        ledger(False, False),
        "facts",
        "- stop",
        ledger(True, True),
        "end",
    )
    await MagenticOneGroupChat([agent("w", "x")], Scripted(*script, in_order=True), max_stalls=1).run(
        task="beans"
    )


async def failing() -> None:
    error = None
    try:
        await RoundRobinGroupChat([agent("a", ValueError("boom"))], max_turns=1).run(task="hi")
    except (RuntimeError, ValueError) as raised:
        error = raised
    assert "boom" in str(error), "the failure did not leave the team"


async def stopped() -> None:
    class Enough(Intervention):
        pass

    def ask(task: Any, kind: str, name: str, arguments: Any) -> None:
        if kind == "tool":
            raise Enough("stop")

    add_gate(ask)
    try:
        await RoundRobinGroupChat([agent("a", [("find", {"order": "7"})], tools=[find])], max_turns=2).run(
            task="hi"
        )
    except Enough:
        return
    finally:
        remove_gate(ask)
    raise AssertionError("the intervention did not leave the team")


def told(event: dict[str, Any]) -> dict[str, Any]:
    payload = event.get("payload") or {}
    data = payload.get("data") or {}
    kept = {
        "agent": event["agent_id"],
        "what": payload.get("kind") if event["event_type"] == "custom" else event["event_type"],
        "name": payload.get("action_name") or (data.get("name") if isinstance(data, dict) else None),
        "status": event.get("status"),
        "exception": payload.get("exception_type"),
        "outcome": payload.get("outcome"),
    }
    for key in (
        "tokens_in",
        "tokens_out",
        "model",
        "decision",
        "assigned_to",
        "attempt",
        "revision",
        "step_index",
    ):
        kept[key] = data.get(key) if isinstance(data, dict) else None
    return {key: value for key, value in kept.items() if value is not None}


def main() -> None:
    swallowed: list[str] = []
    _safety.listeners.append(lambda error, where: swallowed.append(f"{where}: {error!r}"))
    hiveloop_autogen.instrument()
    found: dict[str, Any] = {}
    for scenario in (handoffs, person, planning, failing, stopped):
        with capture_events() as seen:
            asyncio.run(scenario())
        found[scenario.__name__] = [
            told(event) for event in seen.events if event["event_type"] != "agent_registered"
        ]
    hiveloop_autogen.uninstrument()
    found["swallowed"] = swallowed
    print(json.dumps(found))  # noqa: T201


main()
