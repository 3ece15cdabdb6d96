"""Every recording of the project, played through the real CrewAI: what is told equals what the file holds."""

from __future__ import annotations

from typing import Any

import hiveloop_crewai
import pytest
from hiveloop.testing import Captured
from hiveloop.testing.conformance import assert_catalogue, assert_closed

from tests.cassettes.crews import CREWS, SIDE_BY_SIDE

from .replaying import actions, calls, played, recorded, told


def _ended(seen: Captured) -> dict[str, Any]:
    return {event["task_run_id"]: event for event in seen.of_type("task_completed", "task_failed")}


@pytest.mark.parametrize("name", CREWS)
def test_tokens_models_and_ends_equal_the_recording(hive: Captured, name: str) -> None:
    hiveloop_crewai.instrument(project="recorded")
    played(name)
    exchanges = recorded(name)
    answered = [exchange for exchange in exchanges if exchange.status == 200]
    told_calls = calls(hive)
    if name == "client_retry":
        exchanges = exchanges[1:]  # the client's own second request is part of the same call
    assert len(told_calls) == len(exchanges), "one llm_call a request, failed ones included"
    counted = [(call.get("tokens_in"), call.get("tokens_out")) for call in told_calls if "tokens_in" in call]
    expected = [exchange.tokens for exchange in answered]
    if name in SIDE_BY_SIDE:
        counted, expected = sorted(counted), sorted(expected)
    assert counted == expected
    assert {call["model"] for call in told_calls} == {exchange.request["model"] for exchange in exchanges}
    errors = [call["metadata"]["error"] for call in told_calls if "error" in call["metadata"]]
    assert [error["status_code"] for error in errors] == [e.status for e in exchanges if e.status != 200]
    assert all("tokens_in" not in call for call in told_calls if "error" in call["metadata"])
    read = [call["metadata"].get("cache_read_input_tokens") for call in told_calls if "tokens_in" in call]
    cached = [exchange.usage["prompt_tokens_details"]["cached_tokens"] for exchange in answered]
    assert sorted(read) == sorted(cached)
    assert_catalogue(hive)
    assert_closed(hive)
    assert not hive.kinds("memory_op"), "memory is off in all of them"
    assert all(event["project_id"] == "recorded" for event in hive.of_type("task_started"))


def test_a_tool_is_an_action_of_the_agent_at_work(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    played("tool")
    (task,) = hive.of_type("task_started")
    (agent,) = actions(hive, "agent")
    (tool,) = actions(hive, "tool")
    assert {event["agent_id"] for event in (task, agent, tool)} == {"reporter"}
    assert "parent_action_id" not in agent
    assert tool["parent_action_id"] == agent["action_id"]
    assert tool["payload"]["args"] == {"city": "Oslo"}
    (done,) = [e for e in hive.of_type("action_completed") if e["action_id"] == tool["action_id"]]
    assert done["payload"]["result"] == "Rain in Oslo."
    first, second = calls(hive)
    assert first["metadata"]["tool_calls"] == ["get_weather"]
    assert first["event"]["action_id"] == second["event"]["action_id"] == agent["action_id"]
    assert first["event"]["timestamp"] <= tool["timestamp"] <= second["event"]["timestamp"]
    assert [call["metadata"]["turn_number"] for call in (first, second)] == [1, 2]
    (end,) = hive.of_type("task_completed")
    assert end["payload"]["output"] == "Rain in Oslo."
    assert end["duration_ms"] >= done["duration_ms"]
    assert task["correlation_id"] == end["correlation_id"]


def test_parallel_tools_are_siblings(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    played("parallel_tools")
    (agent,) = actions(hive, "agent")
    tools = actions(hive, "tool")
    assert sorted(tool["payload"]["args"]["city"] for tool in tools) == ["Bergen", "Oslo"]
    assert {tool["parent_action_id"] for tool in tools} == {agent["action_id"]}
    results = {
        event["action_id"]: event["payload"]["result"]
        for event in hive.of_type("action_completed")
        if event["payload"]["action_name"] == "get_weather"
    }
    assert {results[tool["action_id"]] for tool in tools} == {"Rain in Oslo.", "Rain in Bergen."}
    for tool in tools:
        assert results[tool["action_id"]] == f"Rain in {tool['payload']['args']['city']}."


def test_a_tool_that_raises_fails_alone(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    played("failing_tool")
    (failed,) = hive.of_type("action_failed")
    assert failed["payload"]["action_name"] == "get_weather"
    assert failed["payload"]["exception_type"] == "ValueError"
    assert failed["payload"]["exception_message"] == "there is no weather on the moon"
    assert not hive.kinds("issue")
    assert [event["status"] for event in hive.of_type("task_completed")] == ["success"]


def test_delegation_is_an_escalation_and_the_coworkers_work(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    played("delegation")
    (task,) = hive.of_type("task_started")
    assert task["agent_id"] == "writer"
    assert task["task_type"] == "weather page"
    (escalated,) = hive.of_type("escalated")
    assert escalated["agent_id"] == "writer"
    assert escalated["payload"]["data"] == {
        "assigned_to": "Researcher",
        "reason": "Check the frost dates",
        "kind": "delegation",
        "from": "Writer",
        "via": "delegate_work_to_coworker",
    }
    (tool,) = actions(hive, "tool")
    assert escalated["action_id"] == tool["action_id"]
    writer, researcher = actions(hive, "agent")
    assert (writer["agent_id"], researcher["agent_id"]) == ("writer", "researcher")
    assert tool["parent_action_id"] == writer["action_id"]
    assert researcher["parent_action_id"] == tool["action_id"]
    assert researcher["task_run_id"] == task["task_run_id"], (
        "the coworker's part is part of the writer's task"
    )
    assert [call["agent_id"] for call in calls(hive)] == ["writer", "researcher", "writer"]
    assert calls(hive)[1]["event"]["action_id"] == researcher["action_id"]


def test_delegation_is_no_escalation_where_that_is_not_wanted(hive: Captured) -> None:
    hiveloop_crewai.instrument(escalate_delegation=False)
    played("delegation")
    assert not hive.of_type("escalated")
    assert [tool["payload"]["action_name"] for tool in actions(hive, "tool")] == ["delegate_work_to_coworker"]


def test_a_manager_owns_the_tasks_of_a_hierarchical_crew(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    played("hierarchical")
    (task,) = hive.of_type("task_started")
    assert task["agent_id"] == "crew-manager"
    assert [event["agent_id"] for event in actions(hive, "agent")] == ["crew-manager", "researcher"]
    assert [event["payload"]["data"]["assigned_to"] for event in hive.of_type("escalated")] == ["Researcher"]
    registered = {event["agent_id"] for event in hive.of_type("agent_registered")}
    assert registered == {"crew-manager", "researcher", "writer"}, "idle agents are known too"


def test_a_second_try_is_a_retry(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    played("retry")
    (retry,) = hive.of_type("retry_started")
    assert retry["payload"]["data"]["attempt"] == 2
    assert "500" in retry["payload"]["data"]["original_error"]
    first, second = actions(hive, "agent")
    (failed,) = hive.of_type("action_failed")
    assert failed["action_id"] == first["action_id"]
    assert failed["payload"]["status_code"] == 500
    assert second["timestamp"] >= retry["timestamp"]
    assert [event["status"] for event in hive.of_type("task_completed")] == ["success"]


def test_a_second_request_inside_the_client_is_a_retry_of_the_call(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    played("client_retry")
    assert [exchange.status for exchange in recorded("client_retry")] == [429, 200]
    # CrewAI also asks the provider to count the prompt, outside of the call; no recording answers that.
    (retry,) = [e for e in hive.of_type("retry_started") if e["payload"]["data"]["function"] == "Reporter"]
    (call,) = calls(hive)
    (agent,) = actions(hive, "agent")
    assert retry["action_id"] == call["event"]["action_id"] == agent["action_id"]
    assert retry["task_run_id"] == call["event"]["task_run_id"]
    assert retry["payload"]["data"]["attempt"] == 2
    assert "429" in retry["payload"]["data"]["reason"]


def test_a_failure_ends_task_and_crew(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    error = played("failure")
    (failed,) = hive.of_type("task_failed")
    assert failed["payload"]["exception_type"] == type(error).__name__ == "InternalServerError"
    assert failed["payload"]["exception_message"] == str(error)
    tries = hive.of_type("action_failed")
    assert [event["payload"]["action_name"] for event in tries] == ["Reporter", "Reporter"]
    assert failed["payload"]["error_origin"] == tries[-1]["action_id"]
    assert len(hive.of_type("retry_started")) == 1
    (issue,) = hive.kinds("issue")
    assert issue["agent_id"] == "reporter"
    assert issue["payload"]["data"]["action"] == "reported"


def test_a_crew_that_works_again_resolves_its_issue(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    played("failure")
    issue_id = hive.kinds("issue")[0]["payload"]["data"]["issue_id"]
    hive.clear()
    played("tool")
    assert not hive.kinds("issue"), "another crew resolves nothing of this one"
    assert issue_id


def test_a_guardrail_that_refuses_makes_the_agent_try_again(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    assert played("guardrail") == "Port of Bergen, Norway"
    checks = actions(hive, "guardrail")
    assert [event["payload"]["action_name"] for event in checks] == ["guardrail:is_long_enough"] * 2
    (failed,) = hive.of_type("action_failed")
    assert failed["action_id"] == checks[0]["action_id"]
    assert failed["payload"]["exception_message"] == "name the harbour in full"
    (retry,) = hive.of_type("retry_started")
    assert retry["payload"]["data"]["attempt"] == 2
    assert "guardrail:is_long_enough" in retry["payload"]["data"]["reason"]
    assert len(hive.of_type("task_started")) == len(hive.of_type("task_completed")) == 1


def test_human_input_is_an_approval(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    played("human_input")
    asked, answered = hive.of_type("approval_requested"), hive.of_type("approval_received")
    (task,) = hive.of_type("task_started")
    assert {event["agent_id"] for event in (*asked, *answered)} == {task["agent_id"]} == {"clerk"}
    assert {event["task_run_id"] for event in (*asked, *answered)} == {task["task_run_id"]}
    assert [event["payload"]["data"]["decision"] for event in answered] == ["rejected", "approved"]
    assert answered[0]["payload"]["data"]["answer"] == "Say when it opens."
    assert [e["payload"]["data"]["approval_id"] for e in asked] == [
        e["payload"]["data"]["approval_id"] for e in answered
    ]


def test_a_stream_has_usage_and_a_first_token(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    played("streaming")
    (call,) = calls(hive)
    assert call["metadata"]["stream"] is True
    assert 0 <= call["metadata"]["ttft_ms"] <= call["duration_ms"]
    assert call["response_preview"] == "Wind from the west, some rain, later sun."


def test_the_crews_planner_is_a_task_of_its_own_with_a_plan(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    played("planning")
    tasks = sorted(hive.of_type("task_started"), key=lambda event: event["timestamp"])
    assert [task["agent_id"] for task in tasks] == ["task-execution-planner", "seller", "seller"]
    assert tasks[0]["task_type"] == "planning"
    assert len({task["correlation_id"] for task in tasks}) == 1
    (plan,) = hive.kinds("plan_created")
    assert plan["task_run_id"] == tasks[0]["task_run_id"]
    steps = [step["description"] for step in plan["payload"]["data"]["steps"]]
    assert steps == ["List the beans", "Price the beans"]


def test_an_agent_that_reasons_has_a_plan_with_steps(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    played("reasoning")
    (plan,) = hive.kinds("plan_created")
    assert [step["description"] for step in plan["payload"]["data"]["steps"]] == [
        "Look at the sky",
        "Say what you see",
    ]
    steps = sorted(hive.kinds("plan_step"), key=lambda event: event["timestamp"])
    seen = [(e["payload"]["data"]["step_index"], e["payload"]["data"]["action"]) for e in steps]
    assert seen == [(0, "started"), (0, "completed"), (1, "started"), (1, "completed")]
    assert not actions(hive, "tool"), "the plan is no tool call"


def test_a_prompt_that_was_too_long_is_summarised(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    played("context_overflow")
    (compaction,) = hive.kinds("context_compaction")
    assert compaction["payload"]["data"]["trigger"] == "overflow"
    assert not hive.of_type("task_failed")


def test_a_lone_agent_is_a_task(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    played("lone_agent")
    (task,) = hive.of_type("task_started")
    assert task["agent_id"] == "reporter"
    assert [event["payload"]["output"] for event in hive.of_type("task_completed")] == ["Rain in Oslo."]
    assert told(hive, "action_completed") == [("reporter", "get_weather")]


def test_a_flow_is_a_task_its_crew_another_and_its_question_an_approval(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    played("flow_with_feedback")
    flow, task = sorted(hive.of_type("task_started"), key=lambda event: event["timestamp"])
    assert (flow["agent_id"], task["agent_id"]) == ("flow:SloganFlow", "copywriter")
    assert flow["correlation_id"] == task["correlation_id"]
    assert [event["payload"]["action_name"] for event in actions(hive, "method")] == ["write", "publish"]
    (asked,), (answered,) = hive.of_type("approval_requested"), hive.of_type("approval_received")
    assert asked["agent_id"] == answered["agent_id"] == "flow:SloganFlow"
    assert asked["payload"]["summary"] == "Is the slogan good?"
    assert answered["payload"]["data"]["decision"] == "approved"
    assert answered["payload"]["data"]["approval_id"] == asked["payload"]["data"]["approval_id"]
    (crew,) = actions(hive, "crew")
    assert crew["parent_action_id"] == actions(hive, "method")[0]["action_id"]
    assert _ended(hive)[flow["task_run_id"]]["payload"]["output"] == "published: Good mornings, every day."


@pytest.mark.parametrize(("name", "guests"), [("crews_in_threads", "ABC"), ("kickoff_for_each", "DEF")])
def test_crews_side_by_side_never_mix(hive: Captured, name: str, guests: str) -> None:
    hiveloop_crewai.instrument()
    played(name)
    tasks = {event["task_run_id"]: event for event in hive.of_type("task_started")}
    assert len(tasks) == len(guests)
    assert len({task["correlation_id"] for task in tasks.values()}) == len(guests)
    for run_id, task in tasks.items():
        letter = task["payload"]["inputs"]["description"][-1]
        mine = [event for event in hive.events if event.get("task_run_id") == run_id]
        assert all(f"guest {other}" not in str(mine) for other in guests if other != letter)
        (call,) = [event for event in mine if (event["payload"] or {}).get("kind") == "llm_call"]
        assert call["payload"]["data"]["response_preview"] == f"Welcome, guest {letter}!"
        (action,) = [event for event in mine if event["event_type"] == "action_started"]
        assert call["action_id"] == action["action_id"]
    assert len({event["agent_id"] for event in tasks.values()}) == 1, (
        "one worker, whatever inputs it is given"
    )


def test_queues_empty_as_tasks_begin(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    played("planning")
    depths = [event["payload"]["data"]["depth"] for event in hive.kinds("queue_snapshot")]
    assert depths == [2, 1, 0]
    (config,) = hive.kinds("config_snapshot")
    assert config["payload"]["data"]["planning"] is True
    assert config["payload"]["data"]["model"] == recorded("planning")[0].request["model"]
