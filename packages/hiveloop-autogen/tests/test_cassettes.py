"""Recorded HTTP through the real OpenAI client: what is told equals what the recording holds, counted independently."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hiveloop_autogen
import pytest
import yaml
from hiveloop.testing.conformance import assert_catalogue, assert_closed
from vcr import VCR

from examples.demo.models import provider_environment
from tests.cassettes.autogen_conversations import AUTOGEN_CONVERSATIONS

from .scripted import calls, names
from .teams import tree

FOLDER = Path(__file__).resolve().parents[3] / "tests" / "cassettes"


def _recorded(name: str) -> list[dict[str, Any]]:
    return yaml.safe_load((FOLDER / f"autogen_{name}.yaml").read_text(encoding="utf-8"))["interactions"]  # type: ignore[no-any-return]


def _answers(name: str) -> list[tuple[str, int | None, int | None]]:
    """Model and tokens of each recorded answer, in order: of the body, or of the stream's last words."""
    found = []
    for interaction in _recorded(name):
        if interaction["response"]["status"]["code"] != 200:
            continue
        text = interaction["response"]["body"]["string"]
        if text.lstrip().startswith("{"):
            objects = [json.loads(text)]
        else:
            objects = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
        usage = [item["usage"] for item in objects if item.get("usage")]
        counts = (usage[-1]["prompt_tokens"], usage[-1]["completion_tokens"]) if usage else (None, None)
        found.append((objects[-1]["model"], *counts))
    return found


def _statuses(name: str) -> list[int]:
    return [interaction["response"]["status"]["code"] for interaction in _recorded(name)]


@pytest.fixture
def hold(hive: Any) -> Any:
    """Hold a conversation from its recording with everything instrumented."""

    def run(name: str, **options: Any) -> Any:
        hiveloop_autogen.instrument(**options)
        player = VCR(record_mode="none", match_on=["method", "uri"])
        with provider_environment(), player.use_cassette(str(FOLDER / f"autogen_{name}.yaml")) as cassette:
            AUTOGEN_CONVERSATIONS[name]()
        assert cassette.all_played
        assert_catalogue(hive)
        assert_closed(hive)
        return hive

    return run


@pytest.mark.parametrize("name", AUTOGEN_CONVERSATIONS)
@pytest.mark.parametrize("turns", ["tasks", "actions"])
def test_models_and_tokens_are_those_of_the_recording(hold: Any, name: str, turns: str) -> None:
    told = [
        (call["model"], call.get("tokens_in"), call.get("tokens_out"))
        for call in calls(hold(name, turns=turns))
        if "error" not in call["metadata"]
    ]
    expected = _answers(name)
    # A stream's answer does not say which model AutoGen takes a short name for; the recording does.
    assert told == expected
    assert len(_statuses(name)) >= len(told)


def test_tools_side_by_side(hold: Any) -> None:
    seen = hold("tools")
    assert tree(seen, "reporter") == [
        "llm:reporter.create",
        "get_weather",
        "get_weather",
        "llm:reporter.create",
    ]
    asked = json.loads(_recorded("tools")[0]["response"]["body"]["string"])["choices"][0]["message"][
        "tool_calls"
    ]
    started = seen.of_type("action_started")
    assert [event["payload"]["tool_call_id"] for event in started] == [call["id"] for call in asked]
    assert [event["payload"]["args"] for event in started] == [
        json.loads(call["function"]["arguments"]) for call in asked
    ]
    assert [call["metadata"]["stop_reason"] for call in calls(seen)] == ["function_calls", "stop"]


@pytest.mark.parametrize("name", ["stream", "stream_without_usage"])
def test_streams(hold: Any, name: str) -> None:
    for call in calls(hold(name)):
        assert call["metadata"]["stream"] is True
        assert ("tokens_in" in call) == (name == "stream")
        assert call["metadata"].get("usage") == (None if name == "stream" else "missing")


def test_a_handoff(hold: Any) -> None:
    seen = hold("handoff")
    assert tree(seen, "service") == ["turn:triage", "turn:refunds"]
    assert tree(seen, "triage") == ["llm:triage.create", "transfer_to_refunds"]
    assert tree(seen, "refunds") == ["llm:refunds.create", "find_order", "llm:refunds.create"]
    ended = next(e for e in seen.of_type("action_completed") if e["payload"]["action_name"] == "turn:triage")
    assert ended["payload"]["handoff_to"] == "refunds"


def test_a_handoff_to_a_person_and_back(hold: Any) -> None:
    seen = hold("person")
    (escalated,) = seen.of_type("escalated")
    assert escalated["payload"]["data"]["assigned_to"] == "manager"
    (answered,) = seen.of_type("approval_received")
    assert answered["payload"]["data"]["decision"] == "approved"


def test_requests_sent_again_by_the_client(hold: Any) -> None:
    seen = hold("retry")
    refused = [status for status in _statuses("retry") if status == 429]
    retries = seen.of_type("retry_started")
    assert len(retries) == len(refused) == 1
    data = retries[0]["payload"]["data"]
    assert (data["attempt"], data["reason"], data["max_attempts"]) == (2, "HTTP 429 Too Many Requests", 3)
    assert 0 < data["backoff_seconds"] < 1
    assert retries[0]["agent_id"] == "patient"


def test_a_refusal(hold: Any) -> None:
    seen = hold("refused")
    (call,) = calls(seen)
    answer = json.loads(_recorded("refused")[0]["response"]["body"]["string"])
    assert call["metadata"]["error"]["type"] == "RateLimitError"
    assert call["metadata"]["error"]["status_code"] == _statuses("refused")[0] == 429
    assert answer["error"]["message"] in call["metadata"]["error"]["message"]
    assert {event["payload"]["exception_type"] for event in seen.of_type("task_failed")} == {"RateLimitError"}


def test_a_person_who_approves(hold: Any) -> None:
    seen = hold("review")
    assert tree(seen, "review") == ["turn:writer", "turn:owner"]
    assert seen.of_type("approval_requested")[0]["agent_id"] == "owner"
    assert seen.of_type("approval_received")[0]["payload"]["data"]["decision"] == "approved"


def test_a_selector(hold: Any) -> None:
    assert tree(hold("selector"), "studio") == ["llm:selector", "turn:writer", "turn:critic"]


def test_planning_and_planning_again(hold: Any) -> None:
    seen = hold("planning")
    plans = [event["payload"]["data"] for event in seen.kinds("plan_created")]
    assert [plan["revision"] for plan in plans] == [0, 1]
    assert plans[0]["steps"][0]["description"] == "poet: Write a poem about coffee"
    assert plans[1]["steps"][0]["description"] == "poet: Write another poem"
    (stalled,) = seen.of_type("retry_started")
    assert stalled["payload"]["data"]["reason"].startswith("stalled 1/1")
    assert names(seen, "action_started") == ["turn:poet", "turn:poet"]
    ended = [event for event in seen.of_type("task_completed") if event["agent_id"] == "magentic"]
    assert ended[0]["payload"]["limit_reached"] is True
