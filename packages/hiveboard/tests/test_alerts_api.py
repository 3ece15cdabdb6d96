"""The endpoints of alerts: what they take, what they refuse and why, and that secrets never come back."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hiveboard.alerts.condition import CONDITION_TYPES

from .alert_endpoints import HttpEndpoint
from .conftest import READ, Answer, Collector
from .test_alerts_delivery import QUEUE_RULE, channel, collecting, depth, history, post, rule, settled

RULES, CHANNELS = "/v1/alerts/rules", "/v1/alerts/channels"
WEBHOOK = {"type": "webhook", "url": "http://127.0.0.1:9/x"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Collector]:
    with collecting(tmp_path / "s.db", allow_commands=True) as made:
        yield made


def send(collector: Collector, method: str, path: str, body: Any = None) -> Answer:
    return collector.request(method, path, None if body is None else json.dumps(body).encode())


def test_a_rule_from_making_to_deleting(served: Collector) -> None:
    made = post(served, RULES, {"name": "Stuck", "condition": {"type": "agent_stuck"}})
    view = made.json
    path = f"{RULES}/{view['rule_id']}"
    assert made.headers["location"] == path
    assert (view["cooldown_seconds"], view["severity"], view["enabled"], view["firing"]) == (
        300,
        "warning",
        True,
        0,
    )
    assert view["condition_type"] == "agent_stuck"
    assert served.get(path).json == view
    changed = send(served, "PUT", path, {"enabled": False, "filters": {"project_id": "p"}}).json
    assert (changed["name"], changed["enabled"], changed["is_enabled"]) == ("Stuck", False, False)
    assert changed["project_id"] == changed["filters"]["project_id"] == "p"
    assert served.get(path).json == changed
    assert send(served, "DELETE", path).json == {"status": "deleted", "rule_id": view["rule_id"]}
    assert served.get(path).status == send(served, "DELETE", path).status == 404


def test_rules_are_listed_page_by_page_with_filters(served: Collector) -> None:
    made = [rule(served, [], name=f"r{n}", filters={"project_id": "p"} if n % 2 else {}) for n in range(5)]
    send(served, "PATCH", f"{RULES}/{made[0]}", {"enabled": False})
    found, cursor = [], None
    while True:
        page = served.get(RULES, limit=2, **({"cursor": cursor} if cursor else {})).json
        found += [one["rule_id"] for one in page["data"]]
        cursor = page["pagination"]["cursor"]
        if not page["pagination"]["has_more"]:
            break
    assert found == made[::-1]
    assert [one["name"] for one in served.get(RULES, project_id="p").json["data"]] == ["r3", "r1"]
    assert [one["name"] for one in served.get(RULES, is_enabled="false").json["data"]] == ["r0"]


@pytest.mark.parametrize(
    ("body", "field", "fix"),
    [
        ({"name": ""}, "name", "length >= 1"),
        ({"condition": {"type": "banana"}}, "condition.type", "agent_stuck"),
        ({"condition": {}}, "condition", "`type`"),
        ({"condition": {"type": "queue_depth"}}, "condition", "depth"),
        ({"condition": {"type": "queue_depth", "depth": -1}}, "condition.depth", ">= 0"),
        ({"condition": {"type": "queue_depth", "depth": 1, "dept": 2}}, "condition", "dept"),
        ({"condition": {"type": "error_rate", "threshold_percent": 100}}, "condition.threshold_percent", "< 100"),
        ({"condition": {"type": "error_rate", "threshold_percent": 5, "window_seconds": 60}}, "condition.window_seconds", ">= 300"),
        ({"condition": {"type": "budget", "limit_usd": 0}}, "condition.limit_usd", "> 0"),
        ({"condition": {"type": "budget", "limit_usd": 5, "steps": [80, 50]}}, "condition.steps", "smallest first"),
        ({"condition": {"type": "budget", "limit_usd": 5, "period": "year"}}, "condition.period", "year"),
        ({"condition": {"type": "heartbeat_lost", "silent_seconds": "60"}}, "condition.silent_seconds", "float"),
        ({"filters": {"agent": "a"}}, "filters", "agent"),
        ({"filters": {"task_type": "lead"}}, "filters.task_type", "does not look at tasks"),
        ({"severity": "high"}, "severity", "high"),
        ({"channels": ["nope"]}, "channels", "GET /v1/alerts/channels"),
        ({"cooldown_seconds": -1}, "cooldown_seconds", ">= 0"),
        ({"enabled": 1}, "enabled", "bool"),
        ({"colour": "red"}, "body", "colour"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_told_field_and_fix(served: Collector, body: Any, field: str, fix: str) -> None:
    answer = post(served, RULES, {**QUEUE_RULE, **body})
    assert (answer.status, answer.json["details"]["field"]) == (400, field), answer.raw
    assert fix in answer.json["details"]["fix"]
    assert served.get(RULES).json["data"] == []


def email_to(**smtp: Any) -> dict[str, Any]:
    return {"type": "email", "to": ["o@x.org"], "sender": "h@x.org", "smtp": {"host": "mail.x.org", **smtp}}


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"type": "pigeon"}, "channel.type"),
        ({"type": "webhook"}, "channel"),
        ({"type": "webhook", "url": "ftp://x.org/"}, "channel.url"),
        ({"type": "webhook", "url": "file:///etc/passwd"}, "channel.url"),
        ({"type": "webhook", "url": "http://"}, "channel.url"),
        ({"type": "webhook", "url": "http://x.org:99999/"}, "channel.url"),
        ({"type": "webhook", "url": "http://u:p@x.org/"}, "channel.url"),
        ({"type": "webhook", "url": "http://x.org/a b"}, "channel.url"),
        ({"type": "webhook", "url": "http://x.org/\r\nHost: y"}, "channel.url"),
        ({"type": "webhook", "url": "http://[::1"}, "channel.url"),
        ({"type": "webhook", "url": "http://169.254.169.254/latest"}, "channel.url"),
        ({"type": "webhook", "url": "http://[::ffff:169.254.169.254]/"}, "channel.url"),
        ({"type": "slack", "url": "http://0.0.0.0/"}, "channel.url"),
        ({"type": "slack", "url": "https://hooks.slack.com/********"}, "channel.url"),
        ({"type": "webhook", "url": "http://x.org/", "secret": "short"}, "channel.secret"),
        ({"type": "webhook", "url": "http://x.org/", "secret": "********"}, "channel.secret"),
        ({"type": "webhook", "url": "http://x.org/", "headers": {"Host": "y"}}, "channel.headers"),
        ({"type": "webhook", "url": "http://x.org/", "headers": {"A b": "y"}}, "channel.headers"),
        ({"type": "webhook", "url": "http://x.org/", "headers": {"A": "y\r\nB: z"}}, "channel.headers"),
        ({**email_to(), "to": []}, "channel.to"),
        ({**email_to(), "to": ["o@x.org\nBcc: all@x.org"]}, "channel.to"),
        ({**email_to(), "to": ["nobody"]}, "channel.to"),
        ({**email_to(), "to": ["a\x01b@x.org"]}, "channel.to"),
        ({**email_to(), "sender": "a@b@c"}, "channel.sender"),
        (email_to(port=0), "channel.smtp.port"),
        (email_to(security="maybe"), "channel.smtp.security"),
        (email_to(username="u"), "channel.smtp.password"),
        (email_to(username="u", password="p", security="none"), "channel.smtp.security"),
        (email_to(host="mail x"), "channel.smtp.host"),
        ({"type": "command", "argv": []}, "channel.argv"),
        ({"type": "command", "argv": "rm -rf /"}, "channel.argv"),
        ({"type": "command", "argv": ["a\0b"]}, "channel.argv"),
        ({"type": "command", "argv": [" "]}, "channel.argv"),
        ({"type": "command", "argv": ["a"], "timeout_seconds": 0}, "channel.timeout_seconds"),
    ],
)  # fmt: skip
def test_a_wrong_channel_is_told_field_and_fix(served: Collector, config: Any, field: str) -> None:
    answer = post(served, CHANNELS, {"name": "c", "channel": config})
    assert (answer.status, answer.json["details"]["field"]) == (400, field), answer.raw
    assert answer.json["details"]["fix"]
    assert served.get(CHANNELS).json["data"] == []


SECRETS = ("s3cret-hmac", "s3cret-header", "s3cret-path", "s3cret-password")
WITH_SECRETS = (
    {"type": "webhook", "url": "http://127.0.0.1:9/x", "secret": SECRETS[0], "headers": {"X-Key": SECRETS[1]}},
    {"type": "slack", "url": f"http://127.0.0.1:9/services/{SECRETS[2]}"},
    {
        "type": "email", "to": ["o@x.org"], "sender": "h@x.org",
        "smtp": {"host": "127.0.0.1", "port": 9, "security": "none", "username": "u", "password": SECRETS[3]},
    },
)  # fmt: skip


def test_secrets_come_back_nowhere(
    served: Collector, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        answers, ids = [], []
        for config in WITH_SECRETS:
            answers.append(post(served, CHANNELS, {"name": "c", "channel": config}))
            ids.append(answers[-1].json["channel_id"])
            path = f"{CHANNELS}/{ids[-1]}"
            answers.append(served.get(path))
            answers.append(send(served, "PUT", path, {"name": "renamed"}))
            answers.append(post(served, path + "/test", None))
            assert answers[-1].json["status"] == "failed"
        rule_id = rule(served, ids)
        depth(served, 9)
        settled(served, 4)
        answers += [served.get(CHANNELS), served.get("/v1/alerts/history"), served.get(RULES)]
        answers += [post(served, f"{RULES}/{rule_id}/test", None)]
        broken = WITH_SECRETS[0] | {"url": "gopher://x"}
        answers += [post(served, CHANNELS, {"name": "c", "channel": broken})]
        answers += [post(served, CHANNELS, {"name": "c", "channel": WITH_SECRETS[2] | {"sender": "?"}})]
    seen = b"".join(answer.raw for answer in answers).decode() + caplog.text + "".join(capfd.readouterr())
    assert [secret for secret in SECRETS if secret in seen] == []
    assert seen.count("********") > 4


def test_a_hidden_secret_that_is_sent_back_stays(served: Collector) -> None:
    with HttpEndpoint() as endpoint:
        config = {"type": "webhook", "url": endpoint.url, "secret": "s3cret-hmac", "headers": {"X-Key": "k"}}
        path = f"{CHANNELS}/{channel(served, config)}"
        shown = served.get(path).json["channel"]
        assert (shown["secret"], shown["headers"]) == ("********", {"X-Key": "********"})
        changed = send(served, "PUT", path, {"channel": shown | {"url": endpoint.url + "/new"}})
        assert changed.status == 200, changed.raw
        assert post(served, path + "/test", None).json["status"] == "delivered"
        got = endpoint.next()
        assert (got.path, got.headers["x-key"]) == ("/new", "k")
        assert got.headers["hiveboard-signature"].startswith("t=")


def test_a_secret_never_goes_to_another_host_than_it_was_stored_for(served: Collector) -> None:
    for config, change, field in (
        (WITH_SECRETS[0], {"url": "http://127.0.0.1:10/x"}, "channel.secret"),
        (WITH_SECRETS[1], {"url": "http://127.0.0.1:10/********"}, "channel.url"),
        (WITH_SECRETS[2], {"smtp": WITH_SECRETS[2]["smtp"] | {"port": 10, "password": "********"}}, "channel.smtp.password"),  # type: ignore[operator]
    ):  # fmt: skip
        path = f"{CHANNELS}/{channel(served, config)}"
        shown = served.get(path).json["channel"]
        answer = send(served, "PUT", path, {"channel": shown | change})
        assert (answer.status, answer.json["details"]["field"]) == (400, field)
        assert send(served, "PUT", path, {"channel": shown}).status == 200


def test_a_channel_in_use_is_not_deleted(served: Collector) -> None:
    channel_id = channel(served, WEBHOOK)
    rule_id = rule(served, [channel_id])
    path = f"{CHANNELS}/{channel_id}"
    assert served.get(path).json["rules"] == [rule_id]
    refused = send(served, "DELETE", path)
    assert (refused.status, refused.json["error"]) == (409, "channel_in_use")
    assert "Long queue" in refused.json["message"]
    send(served, "PATCH", f"{RULES}/{rule_id}", {"channels": []})
    assert send(served, "DELETE", path).status == 200
    assert served.get(path).status == 404


def test_silence_for_seconds_until_a_moment_and_no_more(served: Collector) -> None:
    path = f"{RULES}/{rule(served, [])}/silence"
    view = post(served, path, {"seconds": 3_600}).json
    assert view["is_silenced"] is True
    ends = datetime.fromisoformat(view["silenced_until"])
    assert timedelta(minutes=59) < ends - datetime.now(UTC) < timedelta(minutes=61)
    depth(served, 9)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert post(served, path, {"until": tomorrow}).json["is_silenced"] is True
    assert history(served) == []
    for body in (
        {"until": "yesterday"},
        {"until": "2020-01-01T00:00:00Z"},
        {"seconds": 5, "until": tomorrow},
    ):
        refused = post(served, path, body)
        assert (refused.status, refused.json["details"]["field"]) == (400, "until")
    assert post(served, path, {"seconds": 0}).json["details"]["field"] == "seconds"
    view = post(served, path, {}).json
    assert (view["is_silenced"], view["silenced_until"]) == (False, None)
    assert settled(served)[0]["status"] == "none"
    assert served.get(path.removesuffix("/silence")).json["firing"] == 1


def test_a_test_is_marked_and_told_as_it_went(served: Collector) -> None:
    with HttpEndpoint() as good:
        ids = [channel(served, {"type": "webhook", "url": url}) for url in (good.url, "http://127.0.0.1:9/")]
        rule_id = rule(served, ids, name="Mine", enabled=False)
        answer = post(served, f"{RULES}/{rule_id}/test", None)
        assert answer.status == 200
        body = json.loads(good.next().body)
        assert (body["event"], body["title"]) == ("alert.test", "Mine: this is a test")
        told = {one["target"]: one["status"] for one in answer.json["deliveries"]}
        assert told == {good.url: "delivered", "http://127.0.0.1:9": "failed"}
        assert [one["alert_id"] for one in history(served, state="test")] == [answer.json["alert_id"]]
        assert len(answer.json["deliveries"][1]["attempts"]) == 1
    refused = post(served, f"{RULES}/{rule(served, [])}/test", None)
    assert (refused.status, refused.json["details"]["field"]) == (400, "channels")


def test_the_history_is_listed_page_by_page_with_filters(served: Collector) -> None:
    first, second = rule(served, []), rule(served, [], condition={"type": "queue_depth", "depth": 50})
    for number in range(4):
        depth(served, 60 if number == 3 else 6, agent=f"agent-{number}")
        settled(served, number + 1)
    everything = settled(served, 5)
    found, cursor = [], None
    while True:
        page = served.get("/v1/alerts/history", limit=2, **({"cursor": cursor} if cursor else {})).json
        found += page["data"]
        cursor = page["pagination"]["cursor"]
        if cursor is None:
            break
    assert found == everything
    assert [one["alert_id"] for one in found] == sorted((one["alert_id"] for one in found), reverse=True)
    assert [one["agent_id"] for one in history(served, rule_id=second)] == ["agent-3"]
    assert len(history(served, rule_id=first, status="none")) == 4
    assert history(served, status="failed") == history(served, project_id="p") == []
    since = everything[1]["fired_at"]
    assert len(history(served, since=since)) == sum(one["fired_at"] >= since for one in everything)
    assert served.get("/v1/alerts/history", cursor="zzz").status == 400


def test_reading_needs_a_key_and_changing_needs_an_admin(tmp_path: Path) -> None:
    with collecting(tmp_path / "s.db", keys=("hb_live_one", READ)) as served:
        assert served.get(RULES, key=READ).status == 200
        assert served.get(RULES, key=None).status == 401
        made = rule(served, [])
        for method, path in (
            ("POST", RULES), ("PUT", f"{RULES}/{made}"), ("PATCH", f"{RULES}/{made}"), ("DELETE", f"{RULES}/{made}"),
            ("POST", f"{RULES}/{made}/test"), ("POST", f"{RULES}/{made}/silence"), ("POST", CHANNELS),
            ("PUT", f"{CHANNELS}/x"), ("PATCH", f"{CHANNELS}/x"), ("DELETE", f"{CHANNELS}/x"), ("POST", f"{CHANNELS}/x/test"),
        ):  # fmt: skip
            assert served.request(method, path, b"{}", key=READ).status == 403, (method, path)
            assert served.request(method, path, b"{}", key=None).status == 401, (method, path)


def test_there_is_an_end_to_rules(served: Collector) -> None:
    for _ in range(200):
        rule(served, [])
    refused = post(served, RULES, QUEUE_RULE)
    assert (refused.status, refused.json["error"]) == (409, "too_many")


def test_links_lead_to_the_public_address(tmp_path: Path) -> None:
    with collecting(tmp_path / "s.db", public_url="https://hive.example.com/") as served:
        rule(served, [])
        depth(served, 9)
        assert settled(served)[0]["url"].startswith("https://hive.example.com/#/pipeline")
        assert send(served, "PUT", "/v1/settings", {"public_url": "https://other.example.com"}).status == 200
        depth(served, 9, agent="b")
        assert settled(served, 2)[0]["url"].startswith("https://other.example.com/#/pipeline")


def test_every_kind_of_condition_can_be_made_with_its_defaults(served: Collector) -> None:
    needed = {
        "error_rate": {"threshold_percent": 10}, "duration_exceeded": {"threshold_ms": 1},
        "cost_threshold": {"threshold_usd": 1}, "budget": {"limit_usd": 1}, "queue_depth": {"depth": 1},
    }  # fmt: skip
    for name in CONDITION_TYPES:
        made = post(served, RULES, {"name": name, "condition": {"type": name, **needed.get(name, {})}})
        assert made.status == 201, made.raw
        assert made.json["condition"]["type"] == name
