"""What a reader of the dashboard gets: the example and some recorded crews, asked for at a real collector's API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hiveloop
import hiveloop_crewai
import pytest

from .replaying import played, recorded

_SERVE = "import sys; from hiveboard.cli import main; sys.argv = ['hiveboard', *sys.argv[1:]]; main()"
Ask = Callable[[str], Any]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """A collector of its own; called with a path of its API it gives the answer."""
    hiveloop.reset()  # agents that other tests made known would register here too
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HIVEBOARD_")}
    command = [sys.executable, "-c", _SERVE, "serve", "--port", "0", "--store", str(tmp_path / "hive.db")]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment, cwd=tmp_path
        ) as process,
    ):
        assert process.stdout is not None
        url = process.stdout.readline().strip().rstrip("/")
        assert url.startswith("http://127.0.0.1:"), (tmp_path / "log").read_text()
        monkeypatch.setenv("HIVELOOP_ENDPOINT", url)
        monkeypatch.delenv("HIVELOOP_API_KEY", raising=False)
        try:
            yield lambda path: _get(url + path)
        finally:
            hiveloop.reset()
            process.terminate()
            process.wait(timeout=15)


def _get(url: str) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": "Bearer hb_live_local"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def _tasks(ask: Ask) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = ask("/v1/tasks?sort=oldest")["data"]
    return tasks


def _timeline(ask: Ask, task: dict[str, Any]) -> Any:
    return ask(f"/v1/tasks/{urllib.parse.quote(task['task_id'], safe='')}/timeline")


def _spent(name: str) -> tuple[int, int]:
    tokens = [exchange.tokens for exchange in recorded(name) if exchange.status == 200]
    return sum(spent[0] or 0 for spent in tokens), sum(spent[1] or 0 for spent in tokens)


def test_the_example_of_delegation(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from examples import crewai_delegation

    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert crewai_delegation.main() == 0
    assert "no frost before May" in capsys.readouterr().out
    (task,) = _tasks(ask)
    assert (task["agent_id"], task["project_id"], task["derived_status"]) == (
        "writer",
        "newsroom",
        "completed",
    )
    assert (task["total_tokens_in"], task["total_tokens_out"]) == _spent("delegation")
    assert task["llm_call_count"] == len(recorded("delegation"))
    assert task["has_escalation"] is True
    (writer,) = _timeline(ask, task)["action_tree"]
    (tool,) = writer["children"]
    (researcher,) = tool["children"]
    assert [node["name"] for node in (writer, tool, researcher)] == [
        "Writer",
        "delegate_work_to_coworker",
        "Researcher",
    ]
    assert [node["agent_id"] for node in (writer, tool, researcher)] == ["writer", "writer", "researcher"]
    agents = {agent["agent_id"]: agent for agent in ask("/v1/agents")["data"]}
    assert set(agents) == {"writer", "researcher"}
    assert {agent["framework"] for agent in agents.values()} == {"crewai"}


def test_a_failure_and_its_tries(ask: Ask) -> None:
    hiveloop.init()
    hiveloop_crewai.instrument()
    played("failure")
    assert hiveloop.flush(timeout=10)
    (task,) = _tasks(ask)
    assert task["derived_status"] == "failed"
    assert task["retry_count"] == 1
    assert task["error_count"] == 2, "each try failed by itself"
    assert task["error"].startswith("InternalServerError: ")
    assert task["total_tokens_in"] is None, "nobody counted any"


def test_human_input_is_answered_in_turn(ask: Ask) -> None:
    hiveloop.init()
    hiveloop_crewai.instrument()
    played("human_input")
    assert hiveloop.flush(timeout=10)
    (task,) = _tasks(ask)
    assert task["derived_status"] == "completed"
    assert task["has_human_intervention"] is True
    assert (task["total_tokens_in"], task["total_tokens_out"]) == _spent("human_input")


def test_a_plan_step_by_step(ask: Ask) -> None:
    hiveloop.init()
    hiveloop_crewai.instrument()
    played("reasoning")
    assert hiveloop.flush(timeout=10)
    (task,) = _tasks(ask)
    plan = _timeline(ask, task)["plan"]
    assert [(step["description"], step["action"]) for step in plan["steps"]] == [
        ("Look at the sky", "completed"),
        ("Say what you see", "completed"),
    ]
    assert (task["total_tokens_in"], task["total_tokens_out"]) == _spent("reasoning")


def test_a_flow_and_its_crew_belong_together(ask: Ask) -> None:
    hiveloop.init()
    hiveloop_crewai.instrument()
    played("flow_with_feedback")
    assert hiveloop.flush(timeout=10)
    flow, crew = _tasks(ask)
    assert (flow["agent_id"], crew["agent_id"]) == ("flow:SloganFlow", "copywriter")
    assert flow["derived_status"] == crew["derived_status"] == "completed"
    assert flow["has_human_intervention"] is True
