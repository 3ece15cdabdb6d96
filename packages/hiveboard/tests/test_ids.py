"""Whatever an id holds, what it names can be asked for."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from .conftest import Collector, event


@pytest.mark.parametrize(
    "name", ["..", ".", "a\nb", "a\r\n", "\u2028", "a/../b", "detail", "timeline", "a/timeline", "?#%2F"]
)
def test_every_id_can_be_asked_for(collector: Collector, name: str) -> None:
    collector.store([event("task_started", 1, task_id=name, task_run_id=name)], agent_id=name)
    told = collector.get("/v1/tasks/timeline", task_id=name, task_run_id=name, agent_id=name)
    assert (told.status, told.json["task_id"], told.json["agent_id"]) == (200, name, name)
    agent = collector.get("/v1/agents/detail", agent_id=name)
    assert (agent.status, agent.json["agent_id"]) == (200, name)
    if name not in (".", "..", "detail", "a/../b"):
        assert collector.get(f"/v1/agents/{quote(name, safe='')}").json["agent_id"] == name
        assert collector.get(f"/v1/tasks/{quote(name, safe='')}/timeline").json["task_id"] == name


@pytest.mark.parametrize("name", ["%2f", "100%25", "a/b", "a//b", "ä €", "?#%2F"])
def test_an_id_in_a_path_is_decoded_once(collector: Collector, name: str) -> None:
    said = {"session_id": name, "data": {"approval_id": name}}
    collector.store([event("task_started", 1, task_id="t", task_run_id="r", project_id=name, payload=said),
                     event("approval_requested", 2, task_id="t", task_run_id="r", payload=said)])  # fmt: skip
    quoted = quote(name, safe="")
    assert collector.get(f"/v1/sessions/{quoted}").json["session_id"] == name
    assert collector.get(f"/v1/projects/{quoted}").json["project_id"] == name
    assert collector.get(f"/v1/approvals/{quoted}").json["approval_id"] == name
    assert (
        collector.request("PUT", f"/v1/pricing/{quoted}", b'{"input_per_m": 1, "output_per_m": 1}').json[
            "model"
        ]
        == name
    )
    assert [row["model"] for row in collector.get("/v1/pricing").json["data"]] == [name.lower()]


def test_asking_for_no_id_is_refused(collector: Collector) -> None:
    for path, field in (("/v1/tasks/timeline", "task_id"), ("/v1/agents/detail", "agent_id")):
        answer = collector.get(path)
        assert (answer.status, answer.json["details"]["field"]) == (400, field)


def test_a_timeline_can_be_that_of_one_agent(collector: Collector) -> None:
    collector.store([event("task_started", 1, task_id="t", task_run_id="1")], agent_id="early")
    collector.store([event("task_started", 2, task_id="t", task_run_id="2")], agent_id="late")
    collector.store([event("task_started", 3, task_id="t2", task_run_id="3")], agent_id="early")

    def run(**params: str) -> str | int:
        answer = collector.get("/v1/tasks/timeline", task_id="t", **params)
        return str(answer.json["task_run_id"]) if answer.status == 200 else answer.status

    assert (run(), run(agent_id="late"), run(agent_id="early"), run(agent_id="nobody")) == (
        "2",
        "2",
        "1",
        404,
    )
    assert run(agent_id="late", task_run_id="1") == 404
