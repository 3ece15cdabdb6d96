"""The examples of an approval, retries, plain Python and two frameworks: run as a reader would, then read back from the collector."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from examples.demo.collector import Collector, free_port
from tests.compat.api import Api

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[str]:
    with Collector(free_port(0), tmp_path) as running:
        yield running.url


def _run(name: str, url: str, *arguments: str) -> tuple[str, Api]:
    output, api = _python(url, "-m", f"examples.{name}", *arguments)
    assert "Sent." in output
    return output, api


def _python(url: str, *arguments: str) -> tuple[str, Api]:
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "HOME", "SYSTEMROOT") if key in os.environ}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        # No key, no settings, and a proxy that would swallow anything sent out.
        env={**kept, "HIVELOOP_ENDPOINT": url, "HTTPS_PROXY": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, Api(url, "hb_live_local")


def _kinds(timeline: dict[str, Any]) -> list[str]:
    return [event["payload_kind"] or event["event_type"] for event in timeline["events"]]


def _nodes(tree: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for node in tree:
        found.setdefault(node["name"], []).append(node)
        for name, more in _nodes(node["children"]).items():
            found.setdefault(name, []).extend(more)
    return found


@pytest.mark.parametrize(
    "name",
    [
        "langgraph_approval",
        "autogen_approval",
        "stand_in",
        "tenacity_recovers",
        "plain_loop",
        "two_frameworks",
    ],
)
def test_an_example_is_short(name: str) -> None:
    assert len((ROOT / "examples" / f"{name}.py").read_text().splitlines()) <= 60


def test_tenacity_recovers(collector: str) -> None:
    output, api = _run("tenacity_recovers", collector)
    assert "TechNova: 250 people" in output
    rows = {row["task_id"]: row for row in api.rows("tasks", agent_id="lead-desk")}
    assert {name: (row["derived_status"], row["retry_count"]) for name, row in rows.items()} == {
        "lead-1": ("completed", 2),
        "lead-2": ("failed", 2),
        "lead-3": ("completed", 0),
    }
    first = api.get("tasks", "lead-1", "timeline")
    assert _kinds(first) == [
        "task_started",
        "action_started",
        "retry_started",
        "retry_started",
        "recovered",
        "action_completed",
        "task_completed",
    ]
    (tool,) = first["action_tree"]
    retries = [event for event in first["events"] if event["event_type"] == "retry_started"]
    assert {event["action_id"] for event in retries} == {tool["action_id"]}
    assert [event["render_hint"] for event in retries] == ["retry", "retry"]
    told = [event["payload"]["data"] for event in retries]
    assert [(retry["attempt"], retry["reason"], retry["max_attempts"]) for retry in told] == [
        (2, "ConnectionError: CRM: timeout", 3),
        (3, "ConnectionError: CRM: 503", 3),
    ]
    assert [retry["backoff_seconds"] for retry in told] == [0.05, 0.1]


def test_the_issue_of_the_example_is_resolved_in_the_end(collector: str) -> None:
    _, api = _run("tenacity_recovers", collector)
    newest = [event["payload"]["data"]["action"] for event in api.rows("events", payload_kind="issue")]
    assert newest == ["resolved", "reported"]
    assert "issue" in _kinds(api.get("tasks", "lead-2", "timeline"))
    assert api.get("agents", "lead-desk", "pipeline")["issues"] == []
    assert api.rows("agents")[0]["stats_1h"]["active_issues"] == 0


_UNTIL_GIVEN_UP = """
from contextlib import suppress
import hiveloop
from examples.tenacity_recovers import crm_search
from tenacity import RetryError
hiveloop.init(instrument="tenacity")
agent = hiveloop.agent("lead-desk")
with suppress(RetryError), agent.task():
    for lead in ("TechNova", "Halden Coffee"):
        crm_search(lead)
assert hiveloop.flush()
"""


def test_an_issue_is_in_the_pipeline_until_the_process_that_opened_it_sees_a_success(collector: str) -> None:
    for run in (1, 2):
        _, api = _python(collector, "-c", _UNTIL_GIVEN_UP)
        (issue,) = api.get("agents", "lead-desk", "pipeline")["issues"]
        assert issue["issue_id"] == "retry:lead-desk:examples.tenacity_recovers.crm_search"
        assert (issue["severity"], issue["category"], issue["occurrences"]) == (
            "high",
            "retries_exhausted",
            run,
        )
        assert issue["context"]["last_error"] == "ConnectionError: CRM: 503"


def test_plain_loop(collector: str) -> None:
    _, api = _run("plain_loop", collector)
    (row,) = api.rows("tasks", agent_id="loop-core")
    assert (row["derived_status"], row["llm_call_count"], row["retry_count"]) == ("completed", 4, 1)
    assert (row["total_tokens_in"], row["total_tokens_out"]) == (910 + 987 + 1105 + 1180, 31 + 29 + 64 + 12)
    assert row["total_cost"] > 0
    timeline = api.get("tasks", "follow-up-17", "timeline")
    tools = [(node["name"], node["status"], node["error"]) for node in timeline["action_tree"]]
    assert tools == [
        ("crm_search", "failed", "timeout"),
        ("crm_search", "success", None),
        ("send_email", "success", None),
    ]
    assert [step["action"] for step in timeline["plan"]["steps"]] == ["completed", "completed"]
    assert timeline["events"][-1]["payload"]["answer"] == "Done."


def test_two_frameworks(collector: str) -> None:
    output, api = _run("two_frameworks", collector)
    assert "Bergen" in output
    (row,) = api.rows("tasks", agent_id="weather-desk")
    assert (row["derived_status"], row["llm_call_count"], row["retry_count"]) == ("completed", 2, 1)
    assert (row["total_tokens_in"], row["total_tokens_out"]) == (96 + 1187, 48 + 19)
    timeline = api.get("tasks", "morning-report", "timeline")
    (agent,) = timeline["action_tree"]
    assert agent["name"] == "reporter"
    nodes = _nodes(timeline["action_tree"])
    assert [len(node["llm_calls"]) for node in nodes["model"]] == [1, 1]
    tools = {node["action_id"] for node in nodes["get_weather"]}
    assert len(tools) == 2
    retries = [event for event in timeline["events"] if event["event_type"] == "retry_started"]
    assert [event["payload"]["data"]["function"] for event in retries] == ["ask_station"]
    assert retries[0]["action_id"] in tools
    assert api.rows("tasks", agent_id="reporter") == []


def test_langgraph_approval(collector: str) -> None:
    output, api = _run("langgraph_approval", collector, "--auto")
    assert "Decided: approved" in output
    assert "84.00 EUR" in output
    (row,) = api.rows("tasks", agent_id="refunds")
    assert (row["derived_status"], row["session_id"], row["llm_call_count"]) == ("completed", "HC-20391", 3)
    assert row["has_human_intervention"]
    timeline = api.get("tasks", row["task_id"], "timeline")
    kinds = _kinds(timeline)
    asked, answered = kinds.index("approval_requested"), kinds.index("approval_received")
    assert asked < answered
    ids = {
        event["payload"]["data"]["approval_id"]
        for event in timeline["events"]
        if "approval" in event["event_type"]
    }
    assert len(ids) == 1
    _assert_answered_by_the_stand_in(api, timeline)
    (refund,) = _nodes(timeline["action_tree"])["issue_refund"]
    assert refund["status"] == "success"


def _assert_answered_by_the_stand_in(api: Api, timeline: dict[str, Any]) -> None:
    """One answer, and it is the collector's: the adapter does not tell it once more."""
    (answer,) = [event for event in timeline["events"] if event["event_type"] == "approval_received"]
    data = answer["payload"]["data"]
    assert (data["decision"], data["approved_by"], data["via"]) == ("approved", "stand-in", "collector")
    (row,) = api.rows("approvals")
    assert (row["status"], row["approval_id"]) == ("approved", data["approval_id"])


def test_autogen_approval(collector: str) -> None:
    output, api = _run("autogen_approval", collector, "--auto")
    assert "The owner says: approve" in output
    (asked,) = api.rows("tasks", agent_id="owner")
    assert asked["derived_status"] == "completed"
    _assert_answered_by_the_stand_in(api, api.get("tasks", asked["task_id"], "timeline"))
    assert {row["derived_status"] for row in api.rows("tasks")} == {"completed"}
