"""The example against a real collector: agents, nesting, tokens and the handoff, as the API tells them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.environments import ROOT, clean_variables
from examples.demo.collector import Collector, free_port
from tests.compat.api import Api

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The collector after the example ran."""
    with Collector(free_port(0), tmp_path_factory.mktemp("collector")) as collector:
        done = subprocess.run(
            [sys.executable, "-m", "examples.autogen_handoff"],
            cwd=ROOT,
            env=clean_variables(HIVELOOP_ENDPOINT=collector.url, HIVELOOP_API_KEY="hb_live_example"),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "12 euros are on the way back" in done.stdout
        yield Api(collector.url, "hb_live_example")


def _recorded() -> list[tuple[str, int, int]]:
    text = (ROOT / "tests" / "cassettes" / "autogen_handoff.yaml").read_text(encoding="utf-8")
    answers = [
        json.loads(item["response"]["body"]["string"]) for item in yaml.safe_load(text)["interactions"]
    ]
    return [
        (answer["model"], answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"])
        for answer in answers
    ]


def _task(api: Api, agent: str) -> dict[str, Any]:
    (task,) = api.rows("tasks", agent_id=agent)
    return task


def _names(actions: list[dict[str, Any]]) -> list[Any]:
    return [(action["name"], _names(action["children"])) for action in actions]


def test_each_worker_is_an_agent(api: Api) -> None:
    agents = {agent["agent_id"]: agent for agent in api.rows("agents")}
    assert set(agents) == {"service", "triage", "refunds"}
    assert {agent["framework"] for agent in agents.values()} == {"autogen"}


def test_tasks_and_tokens(api: Api) -> None:
    recorded = _recorded()
    expected = {"service": [], "triage": recorded[:1], "refunds": recorded[1:]}
    for agent, calls in expected.items():
        task = _task(api, agent)
        assert task["derived_status"] == "completed"
        assert task["llm_call_count"] == len(calls)
        assert task["total_tokens_in"] == sum(call[1] for call in calls)
        assert task["total_tokens_out"] == sum(call[2] for call in calls)
    assert _task(api, "refunds")["total_cost"] or _task(api, "refunds")["estimated_cost"]


def test_nesting(api: Api) -> None:
    trees = {
        agent: _names(api.get("tasks", _task(api, agent)["task_id"], "timeline")["action_tree"])
        for agent in ("service", "triage", "refunds")
    }
    assert trees == {
        "service": [("turn:triage", []), ("turn:refunds", [])],
        "triage": [("transfer_to_refunds", [])],
        "refunds": [("find_order", [])],
    }


def test_the_example_is_short() -> None:
    assert len(Path(ROOT / "examples" / "autogen_handoff.py").read_text().splitlines()) <= 60
