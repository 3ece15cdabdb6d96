"""How runs end: failed, cancelled, left early, timed out, handed to a person; and what the program sees of it."""

from __future__ import annotations

import asyncio
import traceback
from typing import Any

import hiveloop
import hiveloop_autogen
import pytest
from autogen_agentchat.agents import AssistantAgent, BaseChatAgent, UserProxyAgent
from autogen_agentchat.conditions import ExternalTermination, HandoffTermination, TextMentionTermination
from autogen_agentchat.messages import HandoffMessage, TextMessage
from autogen_agentchat.teams import RoundRobinGroupChat, SelectorGroupChat, Swarm
from autogen_core import CancellationToken, SingleThreadedAgentRuntime
from hiveloop.testing.conformance import assert_catalogue, assert_closed

from .scripted import Scripted, calls, says, types
from .teams import assistant, get_weather, tasks_of, tree


@pytest.fixture(autouse=True)
def _instrumented() -> None:
    hiveloop_autogen.instrument()


def _ends(hive: Any, agent: str) -> list[tuple[str, str | None]]:
    return [
        (event["event_type"], event.get("status"))
        for event in hive.of_type("task_completed", "task_failed")
        if event["agent_id"] == agent
    ]


class Refused(Exception):
    """What a provider raises."""

    status_code = 429


# -- failures --


async def test_a_participant_that_fails_is_named_by_its_own_error(hive: Any) -> None:
    team = RoundRobinGroupChat([assistant("a", Refused("too many"))], max_turns=1, name="pair")
    with pytest.raises(RuntimeError, match="Refused: too many"):
        await team.run(task="hi")
    told = {event["agent_id"]: event["payload"] for event in hive.of_type("task_failed")}
    for agent in ("a", "pair"):
        assert told[agent]["exception_type"] == "Refused"
        assert told[agent]["exception_message"] == "too many"
        assert told[agent]["status_code"] == 429
    (call,) = calls(hive)
    assert call["metadata"]["error"] == {"type": "Refused", "message": "too many", "status_code": 429}
    assert "tokens_in" not in call
    assert "tokens_out" not in call
    assert_closed(hive)


async def test_tracebacks_show_the_program_and_not_its_observer() -> None:
    """AutoGen hands tracebacks on as text, to people and, with a team as a tool, to models."""
    inner = RoundRobinGroupChat([assistant("a", Refused("deep"))], max_turns=1, name="inner")
    with pytest.raises(RuntimeError) as raised:
        await RoundRobinGroupChat([inner], max_turns=1, name="outer").run(task="hi")
    text = str(raised.value)
    assert "in _answer" in text
    # One line for each method AutoGen itself calls from where it makes the text: the turn, and the inner team.
    assert text.count("hiveloop_autogen") <= 2
    shown = "".join(traceback.format_exception(raised.value))
    assert shown.count("hiveloop_autogen") <= text.count("hiveloop_autogen") + 1


async def test_a_failure_two_teams_deep(hive: Any) -> None:
    inner = RoundRobinGroupChat([assistant("a", Refused("deep"))], max_turns=1, name="inner")
    with pytest.raises(RuntimeError):
        await RoundRobinGroupChat([inner], max_turns=1, name="outer").run(task="hi")
    assert {
        event["agent_id"]: event["payload"]["exception_type"] for event in hive.of_type("task_failed")
    } == {
        "a": "Refused",
        "inner": "Refused",
        "outer": "Refused",
    }
    assert_closed(hive)


async def test_a_selector_that_fails(hive: Any) -> None:
    team = SelectorGroupChat([assistant("a", "x"), assistant("b", "x")], Scripted(Refused("no")), max_turns=1)
    with pytest.raises(Refused, match="no"):
        await team.run(task="hi")
    assert [event["payload"]["exception_type"] for event in hive.of_type("task_failed")] == ["Refused"]
    assert_closed(hive)


async def test_a_team_that_is_running_already(hive: Any) -> None:
    gate = asyncio.Event()
    begun = asyncio.Event()

    async def wait() -> None:
        begun.set()
        await gate.wait()

    team = RoundRobinGroupChat([AssistantAgent("a", Scripted("x", before=wait))], max_turns=1, name="busy")
    first = asyncio.create_task(team.run(task="one"))
    await begun.wait()
    with pytest.raises(ValueError, match="already running"):
        await team.run(task="two")
    gate.set()
    await first
    assert _ends(hive, "busy") == [("task_failed", "failure"), ("task_completed", "success")]
    assert tree(hive, "busy") == ["turn:a"]
    assert_closed(hive)


async def test_a_wrong_argument_raises_what_it_always_raised(hive: Any) -> None:
    with pytest.raises(TypeError):
        assistant("a", "x").run_stream(tusk="hi")  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="cannot be empty"):
        await RoundRobinGroupChat([assistant("a", "x")], max_turns=1).run(task=[])
    assert_closed(hive)


async def test_tools_fail_without_failing_the_run(hive: Any) -> None:
    async def broken() -> str:
        """Break."""
        raise ValueError("boom")

    await assistant("a", says("", ("broken", {})), "sorry", tools=[broken], reflect_on_tool_use=True).run(
        task="hi"
    )
    (failed,) = hive.of_type("action_failed")
    assert (failed["payload"]["exception_type"], failed["payload"]["exception_message"]) == (
        "ValueError",
        "boom",
    )
    assert _ends(hive, "a") == [("task_completed", "success")]


# -- cancelled, left, timed out --


class _Slow:
    """A model that says when it was asked, and answers when it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self) -> None:
        self.asked.set()
        await self.go_on.wait()


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_cancelled_agent(hive: Any, streaming: bool) -> None:
    slow = _Slow()
    agent = AssistantAgent("a", Scripted("x", before=slow), model_client_stream=streaming)
    task = asyncio.create_task(agent.run(task="hi"))
    await slow.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _ends(hive, "a") == [("task_completed", "cancelled")]
    (call,) = calls(hive)
    assert call["metadata"]["outcome"] == "cancelled"
    assert "tokens_in" not in call
    assert_closed(hive)


async def test_a_cancelled_team(hive: Any) -> None:
    slow, token = _Slow(), CancellationToken()
    team = RoundRobinGroupChat([AssistantAgent("a", Scripted("x", before=slow))], max_turns=1, name="pair")
    task = asyncio.create_task(team.run(task="hi", cancellation_token=token))
    await slow.asked.wait()
    token.cancel()
    slow.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _ends(hive, "pair") == [("task_completed", "cancelled")]
    assert len(_ends(hive, "a")) == 1
    assert not hive.of_type("task_failed", "action_failed")
    assert_closed(hive)


async def test_a_timeout_is_a_cancellation(hive: Any) -> None:
    slow = _Slow()
    team = RoundRobinGroupChat([AssistantAgent("a", Scripted("x", before=slow))], max_turns=1, name="pair")

    async def release() -> None:
        await slow.asked.wait()
        await asyncio.sleep(0.02)
        slow.go_on.set()

    released = asyncio.create_task(release())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(team.run(task="hi"), 0.01)
    await released
    assert _ends(hive, "pair") == [("task_completed", "cancelled")]
    assert_closed(hive)


async def test_a_consumer_that_leaves_early(hive: Any) -> None:
    """AutoGen goes on until the turns under way are done; the run has ended when it lets go."""
    team = RoundRobinGroupChat([assistant("a", "x"), assistant("b", "y")], max_turns=2, name="pair")
    stream = team.run_stream(task="hi")
    async for message in stream:
        if message.source == "a":  # type: ignore[union-attr]
            break
    await stream.aclose()
    assert _ends(hive, "pair") == [("task_completed", "abandoned")]
    assert types(hive)[-1] == "task_completed"
    assert_closed(hive)


async def test_a_stream_that_is_dropped_is_ended_by_its_loop(hive: Any) -> None:
    async def leave() -> None:
        async for message in assistant("a", "x").run_stream(task="hi"):
            assert message
            break

    await leave()
    for _ in range(10):
        await asyncio.sleep(0)
    assert _ends(hive, "a") == [("task_completed", "abandoned")]


async def test_leaving_after_the_result_is_no_abandoning(hive: Any) -> None:
    stream = assistant("a", "x").run_stream(task="hi")
    async for message in stream:
        if type(message).__name__ == "TaskResult":
            break
    await stream.aclose()
    assert _ends(hive, "a") == [("task_completed", "success")]


async def test_between_the_messages_the_reader_is_outside(hive: Any) -> None:
    team = RoundRobinGroupChat([assistant("a", "one two", model_client_stream=True)], max_turns=1)
    with hiveloop.agent("reader").task("own"):
        async for _ in team.run_stream(task="hi"):
            assert hiveloop.current_task().task_id == "own"  # type: ignore[union-attr]
            assert hiveloop.current_action() is None
    async for _ in team.run_stream(task="hi"):
        assert hiveloop.current_task() is None


async def test_a_stream_nobody_reads_is_no_run(hive: Any) -> None:
    stream = assistant("a", "x").run_stream(task="hi")
    await stream.aclose()
    assert types(hive) == []


async def test_reading_in_one_task_and_closing_in_another(hive: Any) -> None:
    """No context token survives a yield: whoever goes on with the stream, nothing complains."""
    stream = RoundRobinGroupChat([assistant("a", "x")], max_turns=1, name="pair").run_stream(task="hi")
    await asyncio.create_task(anext(stream))  # type: ignore[arg-type]
    await asyncio.create_task(anext(stream))  # type: ignore[arg-type]
    await asyncio.create_task(stream.aclose())  # type: ignore[arg-type]
    assert _ends(hive, "pair") == [("task_completed", "abandoned")]
    assert_closed(hive)


async def test_stopped_from_outside(hive: Any) -> None:
    stop = ExternalTermination()
    team = RoundRobinGroupChat([assistant("a", "x", in_order=True)], termination_condition=stop, name="pair")
    async for message in team.run_stream(task="hi"):
        if getattr(message, "source", None) == "a":
            stop.set()
    (ended,) = [event for event in hive.of_type("task_completed") if event["agent_id"] == "pair"]
    assert ended["payload"]["stop_reason"] == "External termination requested"
    assert "limit_reached" not in ended["payload"]
    assert_closed(hive)


async def test_turns_that_outlive_their_team(hive: Any) -> None:
    """With a runtime of the program's own, a cancelled team lets go while a participant still works."""
    slow, runtime, token = _Slow(), SingleThreadedAgentRuntime(), CancellationToken()
    runtime.start()
    agent = AssistantAgent("a", Scripted("x", before=slow))
    team = RoundRobinGroupChat([agent], max_turns=1, name="pair", runtime=runtime)
    task = asyncio.create_task(team.run(task="hi", cancellation_token=token))
    await slow.asked.wait()
    token.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    slow.go_on.set()
    await runtime.stop_when_idle()
    assert _ends(hive, "pair") == [("task_completed", "cancelled")]
    assert_closed(hive)


# -- people --


async def _handed_over(words: Any) -> None:
    team = Swarm(
        [assistant("a", says("", ("transfer_to_user", {})), "bye TERMINATE", handoffs=["user"])],
        termination_condition=HandoffTermination("user") | TextMentionTermination("TERMINATE"),
        name="desk",
    )
    await team.run(task="hi")
    await team.run(task=words)


@pytest.mark.parametrize(
    ("text", "decision"), [("Yes, go on", "approved"), ("no!", "rejected"), ("It is 42.", "answered")]
)
async def test_a_handoff_to_a_person_waits_for_them(hive: Any, text: str, decision: str) -> None:
    await _handed_over(HandoffMessage(source="user", target="a", content=text))
    (escalated,) = hive.of_type("escalated")
    assert escalated["payload"]["data"]["assigned_to"] == "user"
    (asked,), (answered,) = hive.of_type("approval_requested"), hive.of_type("approval_received")
    assert asked["payload"]["data"]["approver"] == "user"
    assert asked["payload"]["data"]["requested_by"] == "a"
    assert answered["payload"]["data"]["approval_id"] == asked["payload"]["data"]["approval_id"]
    assert answered["payload"]["data"]["decision"] == decision
    assert answered["payload"]["data"]["answer"] == text
    assert asked["task_run_id"] != answered["task_run_id"]
    first = next(event for event in hive.of_type("task_completed") if event["agent_id"] == "desk")
    assert (first["status"], first["payload"]["awaiting"]) == ("success", "user")
    assert_closed(hive)
    assert_catalogue(hive)


async def test_a_reset_withdraws_the_question(hive: Any) -> None:
    team = Swarm(
        [assistant("a", says("", ("transfer_to_user", {})), handoffs=["user"])],
        termination_condition=HandoffTermination("user"),
        name="desk",
    )
    await team.run(task="hi")
    await team.reset()
    (asked,), (answered,) = hive.of_type("approval_requested"), hive.of_type("approval_received")
    assert answered["payload"]["data"]["decision"] == "withdrawn"
    assert answered["payload"]["data"]["approval_id"] == asked["payload"]["data"]["approval_id"]
    await team.run(task="another thing")
    assert len(hive.of_type("approval_received")) == 1


async def test_an_answer_is_content(hive: Any) -> None:
    hiveloop_autogen.instrument(capture_content=False)
    await _handed_over(HandoffMessage(source="user", target="a", content="secret answer"))
    assert len(hive.of_type("approval_received")) == 1
    assert b"secret" not in hive.raw


async def test_a_handoff_to_nobody_is_explained(hive: Any) -> None:
    team = Swarm(
        [assistant("a", says("", ("transfer_to_user", {})), handoffs=["user"])], max_turns=3, name="desk"
    )
    with pytest.raises(RuntimeError, match="AssertionError"):
        await team.run(task="hi")
    (failed,) = hive.of_type("task_failed")
    assert failed["payload"]["exception_type"] == "AssertionError"
    assert "'user' is not a participant" in failed["payload"]["hint"]
    assert not hive.of_type("escalated")
    assert_closed(hive)


async def test_a_user_proxy_asks_and_is_answered(hive: Any) -> None:
    person = UserProxyAgent("person", input_func=lambda prompt: "approve it")
    await RoundRobinGroupChat([assistant("a", "x"), person], max_turns=2).run(task="hi")
    (asked,), (answered,) = hive.of_type("approval_requested"), hive.of_type("approval_received")
    assert asked["agent_id"] == "person"
    assert asked["payload"]["data"]["approver"] == "person"
    assert answered["payload"]["data"]["decision"] == "approved"
    assert answered["payload"]["data"]["approval_id"] == asked["payload"]["data"]["approval_id"]
    assert asked["task_run_id"] == answered["task_run_id"] == tasks_of(hive, "person")[0]["task_run_id"]


async def test_input_that_fails_leaves_no_question_open(hive: Any) -> None:
    def gone(prompt: str) -> str:
        raise EOFError("no terminal")

    with pytest.raises(RuntimeError):
        await RoundRobinGroupChat([UserProxyAgent("person", input_func=gone)], max_turns=1).run(task="hi")
    (answered,) = hive.of_type("approval_received")
    assert answered["payload"]["data"]["decision"] == "error"
    assert_closed(hive)


async def test_input_that_is_cancelled_leaves_no_question_open(hive: Any) -> None:
    waiting = asyncio.Event()

    async def never(prompt: str, cancellation_token: Any = None) -> str:
        waiting.set()
        await asyncio.Event().wait()
        raise AssertionError

    task = asyncio.create_task(UserProxyAgent("person", input_func=never).run(task="hi"))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (answered,) = hive.of_type("approval_received")
    assert answered["payload"]["data"]["decision"] == "cancelled"
    assert _ends(hive, "person") == [("task_completed", "cancelled")]


async def test_uninstrumented_half_way_it_is_told_to_its_end(hive: Any) -> None:
    async def leave(city: str) -> str:
        """Leave."""
        hiveloop_autogen.uninstrument()
        return await get_weather(city)

    agent = assistant(
        "a", says("", ("leave", {"city": "Oslo"})), "ok", tools=[leave], reflect_on_tool_use=True
    )
    await RoundRobinGroupChat([agent], max_turns=1, name="pair").run(task="hi")
    assert _ends(hive, "pair") == [("task_completed", "success")]
    assert_closed(hive)
    hive.clear()
    await assistant("a", "x").run(task="hi")
    assert hive.events == []


async def test_what_is_thrown_into_a_stream_arrives_in_the_agent(hive: Any) -> None:
    heard: list[BaseException] = []

    class Agent(BaseChatAgent):
        produced_message_types = (TextMessage,)  # type: ignore[assignment]

        async def on_reset(self, cancellation_token: Any) -> None:
            pass

        async def on_messages(self, messages: Any, cancellation_token: Any) -> Any:
            raise NotImplementedError

        async def on_messages_stream(self, messages: Any, cancellation_token: Any) -> Any:
            try:
                yield TextMessage(content="1", source=self.name)
            except KeyError as error:
                heard.append(error)
                yield TextMessage(content="caught", source=self.name)
            try:
                yield TextMessage(content="2", source=self.name)
            except ValueError as error:
                heard.append(error)
                raise

    hiveloop_autogen.instrument()
    stream: Any = Agent("z", "d").on_messages_stream([], CancellationToken())
    caught, fatal = KeyError("a"), ValueError("b")
    assert (await anext(stream)).content == "1"
    assert (await stream.athrow(caught)).content == "caught"
    assert (await anext(stream)).content == "2"
    with pytest.raises(ValueError, match="b") as raised:
        await stream.athrow(fatal)
    assert raised.value is fatal
    assert heard == [caught, fatal]
    (failed,) = hive.of_type("task_failed")
    assert failed["payload"]["exception_type"] == "ValueError"
    assert_closed(hive)
