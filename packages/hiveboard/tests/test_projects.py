"""Projects: those that events named and those that people made, described, archived and deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hiveboard.verify import verify_store

from .conftest import Collector, event, recent, running
from .listing import pages


def send(collector: Collector, method: str, path: str, body: Any = None) -> Any:
    return collector.request(method, path, None if body is None else json.dumps(body).encode())


def slugs(collector: Collector, **params: Any) -> list[str]:
    return [row["slug"] for row in pages(collector, "/v1/projects", **params)]


def test_a_project_is_made_described_and_read(collector: Collector) -> None:
    made = send(collector, "POST", "/v1/projects", {"name": "Sales, EMEA", "description": "Leads"})
    assert made.status == 201, made.raw
    assert (made.json["slug"], made.json["auto_created"], made.json["event_count"]) == (
        "sales-emea",
        False,
        0,
    )
    collector.store([event(project_id="sales-emea"), event(project_id="other")])
    read = collector.get("/v1/projects/sales-emea").json
    assert (read["name"], read["description"], read["event_count"], read["project_id"]) == ("Sales, EMEA", "Leads", 1, "sales-emea")  # fmt: skip
    changed = send(collector, "PUT", "/v1/projects/other", {"name": "Other"}).json
    assert (changed["name"], changed["slug"], changed["auto_created"], changed["event_count"]) == ("Other", "other", True, 1)  # fmt: skip
    assert slugs(collector, limit=1) == ["other", "sales-emea"]
    assert (
        send(collector, "POST", "/v1/projects", {"name": "x", "slug": "other"}).json["error"] == "slug_exists"
    )
    assert collector.get("/v1/projects/none").json["error"] == "project_not_found"


def test_archived_projects_are_listed_on_request(collector: Collector) -> None:
    collector.store([event(project_id="a/b ü")])
    assert send(collector, "POST", "/v1/projects/a%2Fb%20%C3%BC/archive").json["is_archived"] is True
    assert slugs(collector) == []
    assert slugs(collector, include_archived="true") == ["a/b ü"]
    assert collector.get("/v1/events", project_id="a/b ü").json["data"] != []
    assert (
        send(collector, "PATCH", "/v1/projects/a%2Fb%20%C3%BC", {"archived": False}).json["is_archived"]
        is False
    )
    assert slugs(collector) == ["a/b ü"]


def test_deleting_deletes_no_event_and_new_events_bring_it_back(tmp_path: Path) -> None:
    with running(tmp_path / "s.db") as collector:
        collector.store([event(project_id="p", task_id="t")])
        send(collector, "PUT", "/v1/projects/p", {"name": "Pea", "description": "d"})
        gone = send(collector, "DELETE", "/v1/projects/p").json
        assert gone == {"status": "deleted", "project_id": "p", "event_count": 1}
        assert slugs(collector, include_archived="true") == []
        assert collector.get("/v1/projects/p").status == 404
        assert send(collector, "DELETE", "/v1/projects/p").status == 404
        assert len(collector.get("/v1/events", project_id="p").json["data"]) == 1
        collector.store([recent(project_id="p")])
        back = collector.get("/v1/projects/p").json
        assert (back["name"], back["description"], back["event_count"], back["auto_created"]) == (
            "p",
            "",
            2,
            True,
        )
        send(collector, "POST", "/v1/projects", {"name": "Empty"})
        send(collector, "DELETE", "/v1/projects/empty")
        assert send(collector, "POST", "/v1/projects", {"name": "Empty"}).status == 201
    _, reports = verify_store(tmp_path / "s.db", lambda done: None)
    assert sum(report.different for report in reports) == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "…"}, "slug"),
        ({"name": "x", "slug": "No Slug"}, "slug"),
        ({"name": "x", "description": 4}, "description"),
        ({"name": "x", "colour": "red"}, "body"),
        ({}, "body"),
    ],
)
def test_a_wrong_project_is_refused_by_its_field(collector: Collector, body: Any, field: str) -> None:
    answer = send(collector, "POST", "/v1/projects", body)
    assert (answer.status, answer.json["details"]["field"]) == (400, field), answer.raw
