"""Every kind of team: who works, what nests in what, and how it is correlated."""

from __future__ import annotations

import asyncio
from typing import Any

import hiveloop
import hiveloop_autogen
import pytest
from autogen_agentchat.agents import SocietyOfMindAgent
from autogen_agentchat.conditions import HandoffTermination, TextMentionTermination
from autogen_agentchat.messages import HandoffMessage
from autogen_agentchat.teams import (
    DiGraphBuilder,
    GraphFlow,
    MagenticOneGroupChat,
    RoundRobinGroupChat,
    SelectorGroupChat,
    Swarm,
)
from autogen_agentchat.tools import AgentTool, TeamTool
from autogen_core import SingleThreadedAgentRuntime
from hiveloop.testing.conformance import assert_catalogue, assert_closed
from hiveloop_autogen._handoffs import waiting

from .scripted import Scripted, calls, names, says, types
from .teams import assistant, get_weather, ledger, runs, tasks_of, tree


@pytest.fixture(autouse=True)
def _instrumented() -> None:
    hiveloop_autogen.instrument(project="p")


def _weather(name: str = "reporter") -> Any:
    asks = says("", ("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Bergen"}))
    return assistant(name, asks, "umbrella", tools=[get_weather], reflect_on_tool_use=True)


async def test_round_robin(hive: Any) -> None:
    team = RoundRobinGroupChat([_weather(), assistant("critic", "fine")], max_turns=2)
    await team.run(task="How is the weather?")
    assert tree(hive, "RoundRobinGroupChat") == ["turn:reporter", "turn:critic"]
    assert tree(hive, "reporter") == [
        "llm:reporter.create",
        "get_weather",
        "get_weather",
        "llm:reporter.create",
    ]
    assert tree(hive, "critic") == ["llm:critic.create"]
    team_run = tasks_of(hive, "RoundRobinGroupChat")[0]
    assert "correlation_id" not in team_run
    for name in ("reporter", "critic"):
        (turn,) = tasks_of(hive, name)
        assert turn["correlation_id"] == team_run["task_run_id"]
        assert (turn["task_type"], turn["project_id"]) == ("turn", "p")
    (ended,) = [
        event for event in hive.of_type("task_completed") if event["agent_id"] == "RoundRobinGroupChat"
    ]
    assert ended["payload"]["stop_reason"] == "Maximum number of turns 2 reached."
    assert ended["payload"]["limit_reached"] is True
    assert ended["payload"]["message_count"] == 5
    assert_catalogue(hive)
    assert_closed(hive)


async def test_a_turn_of_the_team_names_the_task_of_the_participant(hive: Any) -> None:
    await RoundRobinGroupChat([assistant("a", "x")], max_turns=1).run(task="hi")
    (turn,) = [
        event for event in hive.of_type("action_completed") if event["agent_id"] == "RoundRobinGroupChat"
    ]
    assert turn["payload"]["task_id"] == tasks_of(hive, "a")[0]["task_id"]


async def test_participants_are_known_before_they_speak(hive: Any) -> None:
    await RoundRobinGroupChat(
        [assistant("first", "x"), assistant("never", "y")], max_turns=1, name="pair"
    ).run(task="t")
    envelopes = {envelope["agent_id"]: envelope for envelope in hive.envelopes}
    registered = {event["agent_id"] for event in hive.of_type("agent_registered")}
    assert {"pair", "first", "never"} <= registered | set(envelopes)
    assert envelopes["first"]["framework"] == "autogen"
    assert envelopes["first"]["agent_type"] == "AssistantAgent"


async def test_turns_as_actions(hive: Any) -> None:
    hiveloop_autogen.instrument(turns="actions")
    await RoundRobinGroupChat([_weather(), assistant("critic", "fine")], max_turns=2).run(task="hi")
    assert tree(hive, "RoundRobinGroupChat") == [
        "turn:reporter",
        "turn:reporter > llm:reporter.create",
        "turn:reporter > get_weather",
        "turn:reporter > get_weather",
        "turn:reporter > llm:reporter.create",
        "turn:critic",
        "turn:critic > llm:critic.create",
    ]
    assert len(runs(hive)) == 1
    assert_closed(hive)


async def test_the_selector_asks_for_the_team_and_again_when_it_gets_no_name(hive: Any) -> None:
    selector = Scripted("nobody", "b", in_order=True)
    await SelectorGroupChat([assistant("a", "x"), assistant("b", "y")], selector, max_turns=1).run(task="hi")
    assert tree(hive, "SelectorGroupChat") == ["llm:selector", "llm:selector", "turn:b"]


async def test_swarm_hands_over(hive: Any) -> None:
    a = assistant("a", says("", ("transfer_to_b", {})), handoffs=["b"])
    b = assistant("b", "TERMINATE")
    await Swarm([a, b], termination_condition=TextMentionTermination("TERMINATE")).run(task="hi")
    assert tree(hive, "Swarm") == ["turn:a", "turn:b"]
    assert tree(hive, "a") == ["llm:a.create", "transfer_to_b"]
    (handoff,) = [e for e in hive.of_type("action_started") if e["payload"]["action_name"] == "transfer_to_b"]
    assert handoff["payload"]["kind"] == "handoff"
    turn = next(e for e in hive.of_type("action_completed") if e["payload"]["action_name"] == "turn:a")
    assert (turn["payload"]["outcome"], turn["payload"]["handoff_to"]) == ("handoff", "b")
    assert not hive.of_type("escalated", "approval_requested")


async def test_a_graph_is_a_plan(hive: Any) -> None:
    nodes = [assistant(name, name) for name in "abcd"]
    graph = DiGraphBuilder()
    for node in nodes:
        graph.add_node(node)
    a, b, c, d = nodes
    graph.add_edge(a, b).add_edge(a, c).add_edge(b, d).add_edge(c, d)
    await GraphFlow(nodes, graph=graph.build()).run(task="brew")
    (plan,) = hive.kinds("plan_created")
    assert [step["description"] for step in plan["payload"]["data"]["steps"]] == ["a", "b", "c", "d"]
    assert plan["payload"]["data"]["goal"] == "brew"
    steps = [event["payload"]["data"] for event in hive.kinds("plan_step")]
    assert sorted((step["step_index"], step["action"]) for step in steps) == sorted(
        (index, action) for index in range(4) for action in ("started", "completed")
    )
    assert all(step["total_steps"] == 4 for step in steps)
    assert sorted(tree(hive, "GraphFlow")) == ["turn:a", "turn:b", "turn:c", "turn:d"]
    assert_closed(hive)


async def test_magentic_plans_stalls_and_plans_again(hive: Any) -> None:
    model = Scripted(
        "facts",
        "- **w**: Write the haiku\n- Check it",
        ledger(instruction="write the haiku"),
        ledger(progress=False, reason="nothing new"),
        "more facts",
        "1. Ask somebody else",
        ledger(instruction="count"),
        "this is no ledger",
        ledger(progress=False),
        "facts",
        "Just stop.",
        ledger(done=True),
        "the haiku",
        in_order=True,
    )
    await MagenticOneGroupChat([assistant("w", "a haiku")], model, max_stalls=1).run(task="Write a haiku.")
    plans = [event["payload"]["data"] for event in hive.kinds("plan_created")]
    assert [[step["description"] for step in plan["steps"]] for plan in plans] == [
        ["w: Write the haiku", "Check it"],
        ["Ask somebody else"],
        ["Just stop."],
    ]
    assert [plan["revision"] for plan in plans] == [0, 1, 2]
    assert plans[0]["goal"] == "Write a haiku."
    retries = [event["payload"]["data"] for event in hive.of_type("retry_started")]
    assert [(retry["function"], retry["attempt"]) for retry in retries] == [
        ("plan", 2),
        ("progress ledger", 2),
        ("plan", 3),
    ]
    assert retries[0]["reason"] == "stalled 1/1: nothing new"
    (issue,) = hive.kinds("issue")
    assert issue["payload"]["data"]["category"] == "stalled"
    steps = [event["payload"]["data"] for event in hive.kinds("plan_step")]
    assert [(step["step_index"], step["action"], step["plan_revision"]) for step in steps] == [
        (0, "started", 0)
    ]
    assert [event["payload"]["data"]["content"] for event in hive.kinds("message")] == ["count"]
    assert [call["name"] for call in calls(hive)].count("orchestrator") == 13
    assert_closed(hive)
    assert_catalogue(hive)


async def test_a_plan_without_content_tells_its_size(hive: Any) -> None:
    hiveloop_autogen.instrument(capture_content=False)
    model = Scripted(
        "facts", "- secret one\n- secret two", ledger(done=True, reason="secret"), "secret", in_order=True
    )
    await MagenticOneGroupChat([assistant("w", "x")], model).run(task="secret")
    (plan,) = hive.kinds("plan_created")
    assert [step["description"] for step in plan["payload"]["data"]["steps"]] == ["step 1", "step 2"]
    assert b"secret" not in hive.raw


async def test_a_team_in_a_team_is_told_once(hive: Any) -> None:
    inner = RoundRobinGroupChat([assistant("i1", "x"), _weather("i2")], max_turns=2, name="inner")
    await RoundRobinGroupChat([inner, assistant("o", "z")], max_turns=2, name="outer").run(task="hi")
    assert tree(hive, "outer") == ["turn:inner", "turn:o"]
    assert tree(hive, "inner") == ["turn:i1", "turn:i2"]
    assert tree(hive, "i2") == ["llm:i2.create", "get_weather", "get_weather", "llm:i2.create"]
    root = tasks_of(hive, "outer")[0]["task_run_id"]
    assert {tasks_of(hive, name)[0]["correlation_id"] for name in ("inner", "i1", "i2", "o")} == {root}
    assert len(calls(hive)) == 4
    assert_closed(hive)


async def test_a_society_of_mind_holds_its_team(hive: Any) -> None:
    inner = RoundRobinGroupChat([assistant("i1", "x")], max_turns=1, name="inner")
    society = SocietyOfMindAgent("society", inner, Scripted("in short"))
    await RoundRobinGroupChat([society, assistant("o", "z")], max_turns=2, name="outer").run(task="hi")
    assert tree(hive, "society") == ["inner", "llm:society.create"]
    assert tree(hive, "inner") == ["turn:i1"]
    assert_closed(hive)


@pytest.mark.parametrize("turns", ["tasks", "actions"])
async def test_an_agent_as_a_tool(hive: Any, turns: Any) -> None:
    hiveloop_autogen.instrument(turns=turns)
    boss = assistant(
        "boss",
        says("", ("helper", {"task": "t"})),
        "ok",
        tools=[AgentTool(_weather("helper"))],
        reflect_on_tool_use=True,
    )
    await boss.run(task="hi")
    inside = ["llm:helper.create", "get_weather", "get_weather", "llm:helper.create"]
    if turns == "tasks":
        assert tree(hive, "boss") == ["llm:boss.create", "helper", "llm:boss.create"]
        assert tree(hive, "helper") == inside
        assert tasks_of(hive, "helper")[0]["correlation_id"] == tasks_of(hive, "boss")[0]["task_run_id"]
    else:
        nested = [f"helper > {name}" for name in inside]
        assert tree(hive, "boss") == ["llm:boss.create", "helper", *nested, "llm:boss.create"]
    assert_closed(hive)


async def test_a_team_as_a_tool(hive: Any) -> None:
    crew = RoundRobinGroupChat([assistant("i1", "x")], max_turns=1, name="crew")
    tool = TeamTool(crew, name="ask_crew", description="asks")
    boss = assistant(
        "boss", says("", ("ask_crew", {"task": "t"})), "ok", tools=[tool], reflect_on_tool_use=True
    )
    await boss.run(task="hi")
    assert tree(hive, "boss") == ["llm:boss.create", "ask_crew", "llm:boss.create"]
    assert tree(hive, "crew") == ["turn:i1"]
    assert_closed(hive)


async def test_a_runtime_started_before_the_run(hive: Any) -> None:
    """Its handlers run in a context that knows nothing of the run: the team's id does."""
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    teams = [
        RoundRobinGroupChat(
            [_weather(f"w{n}"), assistant(f"c{n}", "ok")], max_turns=2, runtime=runtime, name=f"t{n}"
        )
        for n in range(3)
    ]
    await asyncio.gather(*(team.run(task="hi") for team in teams))
    await runtime.stop()
    for n in range(3):
        assert tree(hive, f"t{n}") == [f"turn:w{n}", f"turn:c{n}"]
        assert tasks_of(hive, f"w{n}")[0]["correlation_id"] == tasks_of(hive, f"t{n}")[0]["task_run_id"]
        assert len(tree(hive, f"w{n}")) == 4
    assert_closed(hive)


async def test_a_runtime_started_inside_another_run_of_the_program(hive: Any) -> None:
    runtime = SingleThreadedAgentRuntime()
    with hiveloop.agent("starter").task("start-up"):
        runtime.start()
    await RoundRobinGroupChat([assistant("a", "x")], max_turns=1, runtime=runtime, name="late").run(task="hi")
    await runtime.stop()
    assert tree(hive, "late") == ["turn:a"]
    assert tree(hive, "a") == ["llm:a.create"]
    assert [event["event_type"] for event in runs(hive)[tasks_of(hive, "starter")[0]["task_run_id"]]] == [
        "task_started",
        "task_completed",
    ]


async def test_teams_with_the_same_names_at_the_same_time(hive: Any) -> None:
    async def one(label: str) -> None:
        agent = assistant("same", says("", ("get_weather", {"city": label})), label, tools=[get_weather])
        await RoundRobinGroupChat([agent], max_turns=1).run(task=label)

    labels = [f"label-{n:02d}" for n in range(12)]
    await asyncio.gather(*(one(label) for label in labels))
    told = runs(hive)
    assert len(told) == 24
    for start in tasks_of(hive, "RoundRobinGroupChat"):
        together = [
            event
            for found in told.values()
            for event in found
            if start["task_run_id"] in (event["task_run_id"], event.get("correlation_id"))
        ]
        mentioned = [label for label in labels if label in str(together)]
        assert len(mentioned) == 1
        assert len([event for event in together if event["event_type"] == "action_started"]) == 2
    assert_closed(hive)


async def test_the_same_team_again_is_another_task(hive: Any) -> None:
    team = RoundRobinGroupChat([assistant("a", "x", in_order=True)], max_turns=1)
    await team.run(task="one")
    await team.run(task="two")
    assert len(tasks_of(hive, "RoundRobinGroupChat")) == len(tasks_of(hive, "a")) == 2


async def test_in_a_task_of_the_program_the_team_is_a_part_of_it(hive: Any) -> None:
    with hiveloop.agent("mine").task("T1", project="own") as task:
        with hiveloop.agent("mine").track_context("prepare"):
            await RoundRobinGroupChat([_weather()], max_turns=1, name="pair").run(task="hi")
        await assistant("solo", "x").run(task="hi")
        await Scripted("bare").create([])
    assert tree(hive, "mine") == [
        "prepare",
        "prepare > pair",
        "prepare > pair > turn:reporter",
        "solo",
        "solo > llm:solo.create",
        "llm:Scripted.create",
    ]
    assert tasks_of(hive, "reporter")[0]["correlation_id"] == task.task_run_id
    assert hive.of_type("task_started")[0]["task_id"] == "T1"
    assert not tasks_of(hive, "pair")
    assert_closed(hive)


async def test_code_in_a_tool_is_where_it_seems_to_be(hive: Any) -> None:
    found: list[Any] = []

    async def work(x: int) -> str:
        """Work."""
        found.append(hiveloop.current_task())
        with hiveloop.current_agent().track_context("part"):  # type: ignore[union-attr]
            await Scripted("inner").create([])
        return "done"

    agent = assistant("a", says("", ("work", {"x": 1})), "ok", tools=[work], reflect_on_tool_use=True)
    await RoundRobinGroupChat([agent], max_turns=1).run(task="hi")
    assert found[0].task_id == tasks_of(hive, "a")[0]["task_id"]
    assert tree(hive, "a") == [
        "llm:a.create",
        "work",
        "work > part",
        "work > part > llm:work.create",
        "llm:a.create",
    ]
    assert hiveloop.current_task() is None


async def test_work_left_over_from_a_run_that_is_over_is_its_own(hive: Any) -> None:
    left: list[Any] = []

    async def start() -> str:
        """Start."""
        left.append(asyncio.create_task(later()))
        return "started"

    ended = asyncio.Event()

    async def later() -> None:
        await ended.wait()
        assert hiveloop.current_task() is None
        await assistant("straggler", "x").run(task="late")

    await assistant("a", says("", ("start", {})), tools=[start]).run(task="hi")
    ended.set()
    await left[0]
    assert tree(hive, "a") == ["llm:a.create", "start"]
    assert tree(hive, "straggler") == ["llm:straggler.create"]
    assert "correlation_id" not in tasks_of(hive, "straggler")[0]
    assert_closed(hive)


async def test_a_team_is_saved_and_loaded_as_ever() -> None:
    team = RoundRobinGroupChat([assistant("a", "x")], max_turns=1)
    await team.run(task="hi")
    state = await team.save_state()
    hiveloop_autogen.uninstrument()
    other = RoundRobinGroupChat([assistant("a", "x")], max_turns=1)
    await other.load_state(state)
    assert await other.save_state() == state


async def test_names_by_choice(hive: Any) -> None:
    asked: list[Any] = []

    def choose(info: hiveloop_autogen.RunInfo) -> str | None:
        asked.append(info)
        return f"eu/{info.name}" if info.kind == "agent" else None

    hiveloop_autogen.instrument(agent=choose)
    await RoundRobinGroupChat([assistant("a", "x")], max_turns=1, name="pair").run(task="hi")
    assert [event["agent_id"] for event in hive.of_type("task_started")] == ["pair", "eu/a"]
    assert hiveloop_autogen.RunInfo("a", "agent", "AssistantAgent", "pair") in asked
    hive.clear()
    hiveloop_autogen.instrument(agent="desk")
    await RoundRobinGroupChat([assistant("a", "x")], max_turns=1, name="pair").run(task="hi")
    assert [event["agent_id"] for event in hive.of_type("task_started")] == ["desk", "a"]


async def test_an_agent_declared_by_the_program_keeps_its_identity(hive: Any) -> None:
    hiveloop.agent("declared_here", type="worker", framework="house")
    await assistant("declared_here", "x").run(task="hi")
    (envelope,) = [found for found in hive.envelopes if found["agent_id"] == "declared_here"]
    assert (envelope["framework"], envelope["agent_type"]) == ("house", "worker")


async def test_events_come_in_the_order_of_the_work(hive: Any) -> None:
    await RoundRobinGroupChat([assistant("a", "x")], max_turns=1).run(task="hi")
    assert types(hive) == [
        "task_started",
        "action_started",
        "task_started",
        "llm_call",
        "task_completed",
        "action_completed",
        "task_completed",
    ]
    assert names(hive, "action_completed") == ["turn:a"]


def _asks_the_user() -> Any:
    return Swarm(
        [assistant("a", says("", ("transfer_to_user", {})), "thanks", handoffs=["user"])],
        termination_condition=HandoffTermination("user"),
        max_turns=3,
    )


@pytest.mark.parametrize("waits", [1, 2])
async def test_a_handoff_back_to_a_team_made_anew_from_its_state_is_the_answer(hive: Any, waits: int) -> None:
    hiveloop_autogen.instrument()
    teams = [_asks_the_user() for _ in range(waits)]
    for team in teams:
        await team.run(task="go")
    again = _asks_the_user()
    await again.load_state(await teams[0].save_state())
    await again.run(task=HandoffMessage(source="user", target="a", content="yes"))
    asked = [event["payload"]["data"]["approval_id"] for event in hive.of_type("approval_requested")]
    answers = [event["payload"]["data"] for event in hive.of_type("approval_received")]
    if waits == 1:
        assert [(given["approval_id"], given["decision"]) for given in answers] == [(asked[0], "approved")]
        assert len(waiting) == 0
    else:
        assert answers == [], "nothing says which of the two it is"
