"""Issues over all agents: one address each, what a person does about them, and what they affect."""

from __future__ import annotations

import itertools
import json
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
from hiveboard.instant import SECOND_US, format_instant, now_us
from hiveboard.projections.issue import address_of, issue_of
from hiveboard.store.fold_issue import fold_issue
from hiveboard.store.records import EventRecord
from hiveboard.store.state import IssueState
from hiveboard.verify import verify_store

from .conftest import READ, Answer, Collector, kind, recent, running


def report(at: int = 0, action: str = "reported", name: str | None = "disk", **fields: Any) -> dict[str, Any]:
    data = {"severity": "high", "action": action, "category": "ops"} | (
        {} if name is None else {"issue_id": name}
    )
    return kind("issue", at, fields.pop("summary", "Disk is full"), data=data, **fields)


def listed(collector: Collector, **params: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = collector.get("/v1/issues", **params).json["data"]
    return rows


def act(collector: Collector, address: str, action: str, **more: Any) -> Answer:
    body = json.dumps({"action": action, **more}).encode()
    return collector.request("POST", f"/v1/issues/{address}", body)


def test_two_agents_may_call_different_issues_the_same(collector: Collector) -> None:
    for agent in ("a", "b"):
        collector.store([report()], agent_id=agent)
    rows = {row["agent_id"]: row for row in listed(collector)}
    assert rows["a"]["issue_id"] == rows["b"]["issue_id"] == "disk"
    assert act(collector, rows["a"]["id"], "resolved", by="jane", note="cleared").json["status"] == "resolved"
    assert {row["agent_id"]: row["status"] for row in listed(collector)} == {"a": "resolved", "b": "open"}
    assert [row["agent_id"] for row in collector.get("/v1/pipeline").json["issues"]] == ["b"]


def test_the_act_is_an_event_of_the_agent_in_the_place_of_the_report(collector: Collector) -> None:
    collector.store([report(project_id="support")], environment="staging", group="desk")
    (row,) = listed(collector)
    assert act(collector, row["id"], "dismissed", by="jane", note="known").json["action"] == "dismissed"
    told = collector.get("/v1/events", payload_kind="issue").json["data"][0]
    assert (told["agent_id"], told["environment"], told["group"], told["project_id"]) == (
        "agent-1", "staging", "desk", "support",
    )  # fmt: skip
    assert {name: told["payload"]["data"][name] for name in ("action", "issue_id", "by", "note")} == {
        "action": "dismissed",
        "issue_id": "disk",
        "by": "jane",
        "note": "known",
    }


def test_a_new_report_after_a_resolve_is_a_regression_and_reopening_by_hand_is_none(
    collector: Collector,
) -> None:
    collector.store([report(0)])
    address = listed(collector)[0]["id"]
    assert act(collector, address, "resolved").json["status"] == "resolved"
    reopened = act(collector, address, "reopened").json
    assert (reopened["status"], reopened["action"], reopened["occurrences"]) == ("open", "reopened", 1)
    act(collector, address, "resolved")
    collector.store([report() | {"timestamp": format_instant(now_us() + SECOND_US)}])
    regressed = listed(collector)[0]
    assert (regressed["status"], regressed["occurrences"]) == ("regressed", 2)
    assert act(collector, address, "reopened").json["status"] == "open"


def test_what_is_so_already_changes_nothing(collector: Collector) -> None:
    collector.store([report()])
    address = listed(collector)[0]["id"]
    for action in ("reopened", "resolved", "resolved"):
        assert act(collector, address, action).status == 200
    assert len(collector.get("/v1/events", payload_kind="issue").json["data"]) == 2


def test_an_agent_whose_clock_is_ahead_can_be_answered(collector: Collector) -> None:
    ahead = report() | {"timestamp": "2033-01-01T00:00:00.000Z"}
    collector.store([ahead])
    (row,) = listed(collector)
    assert act(collector, row["id"], "resolved").json["status"] == "resolved"


def test_an_issue_without_an_id_is_known_by_its_summary(collector: Collector) -> None:
    collector.store(
        [
            report(0, name=None, summary="Timeout after 12345 ms"),
            report(9, name=None, summary="Timeout after 99999 ms"),
        ]
    )
    (row,) = listed(collector)
    assert (row["occurrences"], row["issue_id"]) == (2, None)
    assert act(collector, row["id"], "resolved").json["status"] == "resolved"
    assert len(listed(collector)) == 1


def test_an_issue_counts_the_runs_it_was_reported_in_and_what_they_cost(collector: Collector) -> None:
    call = {"kind": "llm_call", "summary": "s", "data": {"name": "n", "model": "m", "cost": 0.25}}
    collector.store([report(0)])
    assert (listed(collector)[0]["affected_tasks"], listed(collector)[0]["affected_cost"]) == (0, None)
    for run in ("r1", "r2"):
        where = {"task_id": "t", "task_run_id": run}
        collector.store([recent(payload=call, **where), report(1, **where), report(2, **where)])
    (row,) = listed(collector)
    assert (row["affected_tasks"], row["affected_cost"], row["occurrences"]) == (2, 0.5, 5)
    assert collector.get("/v1/pipeline").json["issues"][0]["affected_tasks"] == 2
    assert collector.get(f"/v1/issues/{row['id']}").json == row


def test_filters_and_pages(collector: Collector) -> None:
    for number in range(5):
        collector.store([report(number, name=f"i{number}")], agent_id=f"a{number}", environment="staging")
    low = report(9, name="low", project_id="p1")
    low["payload"]["data"]["severity"] = "low"
    collector.store([low], group="night")
    act(collector, listed(collector, agent_id="a1")[0]["id"], "resolved")
    assert [row["issue_id"] for row in listed(collector, severity="low,medium")] == ["low"]
    assert [row["issue_id"] for row in listed(collector, group="night", project_id="p1")] == ["low"]
    assert [row["issue_id"] for row in listed(collector, status="resolved,dismissed")] == ["i1"]
    assert len(listed(collector, environment="staging")) == 5
    assert collector.get("/v1/issues", status="broken").status == 400
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = collector.get("/v1/issues", limit=2, cursor=cursor).json
        seen += [row["issue_id"] for row in page["data"]]
        cursor = page["pagination"]["cursor"]
    assert seen == ["low", "i4", "i3", "i2", "i1", "i0"]


@pytest.mark.parametrize("agent", ["a", "Ω/ ?#", 'quo"te', "x" * 256])
def test_an_address_is_safe_in_a_url_and_leads_back(agent: str) -> None:
    address = address_of(agent, "id:…/..\n")
    assert urllib.parse.quote(address, safe="") == address
    assert issue_of(address) == (agent, "id:…/..\n")


@pytest.mark.parametrize("address", ["nothing", "!", "a" * 300, "W10", "eyJ9", "%00", "é"])
def test_what_is_no_address_is_not_found(collector: Collector, address: str) -> None:
    answer = act(collector, urllib.parse.quote(address), "resolved")
    assert (answer.status, answer.json["error"]) == (404, "issue_not_found")


def test_who_may_only_read_may_not_act(tmp_path: Path) -> None:
    with running(tmp_path / "store.db", keys=("hb_live_one", READ)) as collector:
        collector.store([report()])
        body = b'{"action": "resolved"}'
        address = listed(collector)[0]["id"]
        assert collector.request("POST", f"/v1/issues/{address}", body, key=READ).status == 403
        assert collector.request("POST", f"/v1/issues/{address}", b'{"action": "eaten"}').status == 400


def _record(ts: int) -> EventRecord:
    texts: list[Any] = ["production"] * 21
    made = EventRecord(*texts)
    made.ts, made.scope_id, made.payload = ts, ts, b"%d" % ts
    return made


def test_the_order_of_arrival_decides_nothing() -> None:
    actions = {1: "reported", 2: "resolved", 3: "reopened", 4: "dismissed", 5: "reported", 6: "reopened"}
    results = []
    for order in itertools.permutations(actions):
        issue = IssueState("live", "a", "id:x")
        for ts in order:
            fold_issue(issue, _record(ts), {"data": {"action": actions[ts], "issue_id": "x"}})
        results.append(issue)
    assert all(one == results[0] for one in results)


def test_the_summaries_agree_with_the_events(tmp_path: Path) -> None:
    with running(tmp_path / "store.db") as collector:
        collector.store([report(0), report(1, task_id="t", task_run_id="r")])
        address = listed(collector)[0]["id"]
        for action in ("resolved", "reopened", "dismissed"):
            act(collector, address, action)
    _, reports = verify_store(tmp_path / "store.db", lambda done: None)
    assert [one.table for one in reports if one.different] == []
    assert {one.table: one.stored for one in reports}["issue_tasks"] == 1
