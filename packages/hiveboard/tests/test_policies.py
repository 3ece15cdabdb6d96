"""Policies and settings: typed, refused by the field that is wrong, cheap to poll."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hiveboard.settings import Settings, SettingsError

from .conftest import TEST, Collector, running

BUDGET = {"id": "b", "name": "Half a dollar", "kind": "budget", "limit": {"usd": 0.5}, "action": "block"}
TOOLS = {
    "id": "t", "name": "No mail", "kind": "tools", "match": {"agent": "sales-*"}, "limit": {"deny": ["send_mail"]},
    "action": "warn", "reason": "People send mail.",
}  # fmt: skip


def send(collector: Collector, method: str, path: str, body: Any, **headers: str) -> Any:
    return collector.request(method, path, json.dumps(body).encode(), **headers)


def test_policies_are_replaced_as_a_whole_and_polled_cheaply(collector: Collector) -> None:
    empty = collector.get("/v1/policies")
    assert empty.json["policies"] == []
    saved = send(collector, "PUT", "/v1/policies", {"policies": [BUDGET, TOOLS]})
    assert saved.status == 200, saved.raw
    read = collector.get("/v1/policies")
    assert read.json == saved.json
    assert (
        read.headers["ETag"] == saved.headers["ETag"] == f'"{read.json["version"]}"' != empty.headers["ETag"]
    )
    first = read.json["policies"][0]
    assert first["limit"] == {"usd": 0.5, "tokens": None, "calls": None, "seconds": None, "per": "run"}
    assert read.json["policies"][1]["match"] == {"agent": "sales-*", "type": None, "user_group": None}
    for tag in (read.headers["ETag"], f'"x", W/{read.headers["ETag"]}', "*"):
        again = collector.request("GET", "/v1/policies", If_None_Match=tag)
        assert (again.status, again.raw) == (304, b"")
        assert again.headers["ETag"] == read.headers["ETag"]
    assert collector.request("GET", "/v1/policies", If_None_Match=empty.headers["ETag"]).status == 200
    assert collector.get("/v1/policies", key=TEST).json["policies"] == []


def test_a_key_that_only_sends_may_follow_policies(tmp_path: Path) -> None:
    with running(tmp_path / "s.db", keys=("hb_live_one",)) as collector:
        made = send(collector, "POST", "/v1/keys", {"name": "agent", "scopes": ["ingest"]})
        assert made.status in (200, 201), made.raw
        key = made.json["raw_key"]
        assert collector.get("/v1/policies", key=key).status == 200
        assert collector.get("/v1/settings", key=key).status == 403
        assert collector.get("/v1/policies", key="hb_live_wrong").status == 401
        assert collector.get("/v1/policies", key=None).status == 401


def test_a_change_based_on_old_policies_is_refused(collector: Collector) -> None:
    old = collector.get("/v1/policies").headers["ETag"]
    assert send(collector, "PUT", "/v1/policies", {"policies": [BUDGET]}, If_Match=old).status == 200
    late = send(collector, "PUT", "/v1/policies", {"policies": []}, If_Match=old)
    assert (late.status, late.json["error"]) == (412, "precondition_failed")
    assert len(collector.get("/v1/policies").json["policies"]) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"limit": {"usd": -1}}, "policies[0].limit.usd"),
        ({"limit": {}}, "policies[0].limit"),
        ({"limit": {"euro": 1}}, "policies[0].limit"),
        ({"action": "shout"}, "policies[0].action"),
        ({"kind": "magic"}, "policies[0].kind"),
        ({"id": "a b"}, "policies[0].id"),
        ({"match": {"agent": 3}}, "policies[0].match.agent"),
        ({"kind": "rate", "limit": {"count": 0, "seconds": 1}}, "policies[0].limit.count"),
        ({"kind": "models", "limit": {}}, "policies[0].limit"),
        ({"kind": "approval", "limit": {"tools": []}}, "policies[0].limit.tools"),
    ],
)
def test_a_wrong_policy_is_refused_by_its_field(
    collector: Collector, change: dict[str, Any], field: str
) -> None:
    answer = send(collector, "PUT", "/v1/policies", {"policies": [BUDGET | change]})
    assert (answer.status, answer.json["details"]["field"]) == (400, field), answer.raw
    assert collector.get("/v1/policies").json["policies"] == []


def test_ids_are_told_apart_and_counted(collector: Collector) -> None:
    twice = send(collector, "PUT", "/v1/policies", {"policies": [BUDGET, BUDGET]})
    assert twice.json["details"]["field"] == "policies[1].id"
    many = [BUDGET | {"id": f"b{number}"} for number in range(201)]
    assert send(collector, "PUT", "/v1/policies", {"policies": many}).json["details"]["field"] == "policies"
    assert send(collector, "PUT", "/v1/policies", {"policies": many[:200]}).status == 200


def test_only_admins_write(tmp_path: Path) -> None:
    with running(tmp_path / "s.db", keys=("hb_read_one", "hb_live_one")) as collector:
        for method, path, body in (("PUT", "/v1/policies", {"policies": []}), ("PATCH", "/v1/settings", {})):
            refused = collector.request(method, path, json.dumps(body).encode(), key="hb_read_one")
            assert refused.status == 403
            assert send(collector, method, path, body).status == 200
        assert collector.get("/v1/settings", key="hb_read_one").status == 200


def test_settings_change_only_where_they_are_named(tmp_path: Path) -> None:
    with running(tmp_path / "s.db") as collector:
        first = collector.get("/v1/settings").json
        assert (first["retention_days"], first["public_url"], first["effective_public_url"]) == (
            None,
            None,
            None,
        )
        assert first["thresholds"]["success_rate"] == {"wait": 0.95, "bad": 0.8}
        send(
            collector,
            "PATCH",
            "/v1/settings",
            {"retention_days": 30, "public_url": "https://hive.example.com/"},
        )
        changed = send(
            collector, "PUT", "/v1/settings", {"thresholds": {"cost_1h": {"wait": 5, "bad": 20}}}
        ).json
        assert (changed["retention_days"], changed["effective_public_url"]) == (
            30,
            "https://hive.example.com",
        )
        assert changed["thresholds"] == first["thresholds"] | {"cost_1h": {"wait": 5, "bad": 20}}
        back = send(
            collector,
            "PATCH",
            "/v1/settings",
            {"retention_days": None, "public_url": None, "thresholds": None},
        )
        assert back.json == first
        assert collector.get("/v1/settings", key=TEST).json == first


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"retention_days": 0}, "retention_days"),
        ({"retention_days": 1.5}, "retention_days"),
        ({"public_url": "javascript:alert(1)"}, "public_url"),
        ({"public_url": "https://user:pw@x"}, "public_url"),
        ({"public_url": "http://[::1"}, "public_url"),
        ({"public_url": "https://x/?a"}, "public_url"),
        ({"public_url": "https://x\u0007"}, "public_url"),
        ({"thresholds": {"success_rate": {"wait": 0.5, "bad": 0.9}}}, "thresholds.success_rate"),
        ({"thresholds": {"stuck_agents": {"wait": 5, "bad": 1}}}, "thresholds.stuck_agents"),
        ({"thresholds": {"cost_1h": {"wait": -1}}}, "thresholds.cost_1h.wait"),
        ({"retention": 5}, "body"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_field(collector: Collector, body: Any, field: str) -> None:
    answer = send(collector, "PATCH", "/v1/settings", body)
    assert (answer.status, answer.json["details"]["field"]) == (400, field), answer.raw


def test_the_address_of_the_command_line_holds_until_one_is_set(tmp_path: Path) -> None:
    assert Settings(public_url="https://hive.example.com/").public_url == "https://hive.example.com"
    with pytest.raises(SettingsError, match="https://"):
        Settings(public_url="hive.example.com")
