"""AG2 classic, in an environment of its own: its chats, group chats, tools, people, gates and endings."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from .environments import CLASSIC, CLASSIC_LOWEST, run_driver

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
FOLDER = os.environ.get("HIVELOOP_EXTRA_CASSETTES")

TURN_WITH_MODEL = [
    "user: action_started (turn:helper)",
    "helper: task_started",
    "helper: llm_call (helper.create)",
    "helper: task_completed",
    "user: action_completed (turn:helper)",
]


@pytest.fixture(scope="module", params=[CLASSIC, CLASSIC_LOWEST], ids=lambda found: found.name)
def told(request: Any) -> Any:
    return run_driver(request.param, "classic")


def _of(told: Any, scenario: str, *event_types: str) -> list[dict[str, Any]]:
    return [event for event in told[scenario]["events"] if event["event_type"] in event_types]


def _calls(told: Any, scenario: str) -> list[dict[str, Any]]:
    return [e["payload"]["data"] for e in _of(told, scenario, "custom") if e["payload"]["kind"] == "llm_call"]


def test_nothing_changes_for_the_program(told: Any) -> None:
    scenarios = {name: found for name, found in told.items() if name != "restored"}
    assert all(found["swallowed"] == [] for found in scenarios.values())
    changed = [name for name, found in scenarios.items() if not found["same"]]
    assert changed == ["swallowed_stop", "stopped", "substituted"], "only what a gate was told to change"
    assert told["restored"] is True


def test_every_start_has_its_end(told: Any) -> None:
    for scenario in (name for name in told if name != "restored"):
        for key, start in (("task_run_id", "task_started"), ("action_id", "action_started")):
            kind = start.partition("_")[0]
            begun = [event[key] for event in _of(told, scenario, start)]
            ended = [event[key] for event in _of(told, scenario, f"{kind}_completed", f"{kind}_failed")]
            assert sorted(begun) == sorted(ended), scenario


@pytest.mark.parametrize("scenario", ["tools", "tools_async"])
def test_a_chat_with_tools(told: Any, scenario: str) -> None:
    tools = [
        f"user: action_{what} ({name})"
        for name, end in (("find", "completed"), ("fail", "failed"), ("ghost", "failed"))
        for what in ("started", end)
    ]
    assert told[scenario]["story"] == [
        "user: task_started",
        *TURN_WITH_MODEL,
        "user: action_started (turn:user)",
        "user: task_started",
        *tools,
        "user: task_completed",
        "user: action_completed (turn:user)",
        *TURN_WITH_MODEL,
        "user: task_completed",
    ]
    for call in _calls(told, scenario):
        assert (call["model"], call["tokens_in"], call["tokens_out"]) == ("helper-2026", 120, 30)
        assert call["metadata"]["requested_model"] == "helper"
        assert "cached" not in call["metadata"]
        assert "cost" not in call
    chat = _of(told, scenario, "task_started")[0]
    turns = _of(told, scenario, "task_started")[1:]
    assert {turn["correlation_id"] for turn in turns} == {chat["task_run_id"]}


def test_group_chats_are_teams(told: Any) -> None:
    story = told["group_round_robin"]["story"]
    assert "manager: action_started (turn:writer)" in story
    assert "manager: action_started (turn:critic)" in story
    assert len(_calls(told, "group_round_robin")) == 2
    names = [call["name"] for call in _calls(told, "group_auto")]
    assert names == ["selector", "writer.create"] * 2
    agents = {event["agent_id"] for event in told["group_auto"]["events"]}
    assert agents == {"user", "manager", "writer"}, "the agents that select are nobody's workers"


def test_people_are_asked(told: Any) -> None:
    (asked,), (answered,) = _of(told, "human", "approval_requested"), _of(told, "human", "approval_received")
    assert asked["payload"]["data"]["approver"] == "person"
    assert answered["payload"]["data"]["approval_id"] == asked["payload"]["data"]["approval_id"]
    assert answered["payload"]["data"]["answer"] == "exit"


def test_failures(told: Any) -> None:
    failed = _of(told, "failing", "task_failed")
    assert [event["agent_id"] for event in failed] == ["helper", "user"]
    assert {event["payload"]["exception_type"] for event in failed} == {"ValueError"}
    (call,) = _calls(told, "failing")
    assert call["metadata"]["error"]["type"] == "ValueError"
    assert "tokens_in" not in call


def test_an_intervention_ends_the_chat(told: Any) -> None:
    assert told["stopped"]["result"] == "stop"
    assert {e["payload"]["exception_type"] for e in _of(told, "stopped", "task_failed")} == {"Enough"}


def test_a_text_stands_for_a_result(told: Any) -> None:
    assert told["substituted"]["result"] == ["from the gate"]
    outcomes = [e["payload"].get("outcome") for e in _of(told, "substituted", "action_completed")]
    assert "substituted" in outcomes


def test_a_chat_in_a_thread_of_its_own(told: Any) -> None:
    assert told["in_a_thread"]["story"] == ["user: task_started", *TURN_WITH_MODEL, "user: task_completed"]


@pytest.mark.skipif(not FOLDER, reason="HIVELOOP_EXTRA_CASSETTES is not set")
def test_real_answers() -> None:
    path = Path(FOLDER or "").resolve() / "autogen" / "agentops_test_autogen.yaml"
    found = run_driver(CLASSIC, "classic_recorded", str(path))
    recorded = [
        json.loads(item["response"]["body"]["string"])
        for item in yaml.safe_load(path.read_text())["interactions"]
    ]
    assert [(call["model"], call["tokens_in"], call["tokens_out"]) for call in found["calls"]] == [
        (answer["model"], answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"])
        for answer in recorded
    ]
    assert sum(call["tokens_in"] for call in found["calls"]) == 373
    assert sum(call["tokens_out"] for call in found["calls"]) == 132
    assert [call["metadata"].get("tool_calls") for call in found["calls"]] == [
        [made["function"]["name"] for made in answer["choices"][0]["message"].get("tool_calls") or []] or None
        for answer in recorded
    ]
    assert found["tasks"] == 2 * len(recorded), "a chat and one turn each"


def test_two_chats_of_one_agent_at_the_same_time_do_not_mix(told: Any) -> None:
    assert told["shared_agent"]["result"] == ["DONE one", "DONE two"]
    chats = {
        event["task_run_id"]: event["agent_id"]
        for event in _of(told, "shared_agent", "task_started")
        if event["agent_id"] != "helper"
    }
    turns = {
        event["task_run_id"]: chats[event["correlation_id"]]
        for event in _of(told, "shared_agent", "task_started")
        if event["agent_id"] == "helper"
    }
    asked = {
        turns[event["task_run_id"]]: event["payload"]["data"]["prompt_preview"]
        for event in _of(told, "shared_agent", "custom")
        if event["payload"]["kind"] == "llm_call"
    }
    assert asked == {"alice": "one", "bob": "two"}


def test_an_error_that_cannot_be_asked_still_ends_the_chat(told: Any) -> None:
    failed = _of(told, "failing_oddly", "task_failed")
    assert [event["payload"]["exception_type"] for event in failed] == ["NoStatus"] * 2
    assert len(_calls(told, "failing_oddly")) == 1


def test_a_swallowed_stop_stops_the_chat(told: Any) -> None:
    assert told["swallowed_stop"]["result"] == "stop"
    failed = _of(told, "swallowed_stop", "task_failed")
    assert {event["payload"]["exception_type"] for event in failed} == {"Enough"}
