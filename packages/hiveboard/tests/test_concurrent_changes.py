"""Several people change the same thing at the same moment: nothing they set is lost, and one of two that exclude each other wins."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Answer, Collector, running

ROUNDS = 5
POLICY = {"name": "n", "kind": "budget", "limit": {"usd": 1}, "action": "block"}


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with running(tmp_path_factory.mktemp("changes") / "s.db") as found:
        yield found


def at_once(
    collector: Collector, *requests: tuple[str, str, dict[str, Any] | None], **headers: str
) -> list[Answer]:
    """Answers to requests that are sent at the same moment, in their order."""
    answers: dict[int, Answer] = {}
    start = threading.Barrier(len(requests))

    def send(number: int, method: str, path: str, body: dict[str, Any] | None) -> None:
        start.wait(10)
        sent = None if body is None else json.dumps(body).encode()
        answers[number] = collector.request(method, path, sent, **headers)

    threads = [threading.Thread(target=send, args=(number, *one)) for number, one in enumerate(requests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[number] for number in range(len(requests))]


def made(collector: Collector, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = collector.request("POST", path, json.dumps(body).encode())
    assert answer.status == 201, answer.raw
    found: dict[str, Any] = answer.json
    return found


def test_changes_of_different_settings_are_all_kept(collector: Collector) -> None:
    for number in range(1, ROUNDS + 1):
        changes: list[dict[str, Any]] = [
            {"retention_days": number},
            {"public_url": f"http://h{number}.example"},
            {"thresholds": {"stuck_agents": {"wait": number, "bad": 50}}},
            {"thresholds": {"error_agents": {"wait": number, "bad": 60}}},
        ]
        answers = at_once(collector, *(("PATCH", "/v1/settings", change) for change in changes))
        assert [answer.status for answer in answers] == [200] * 4
        found = collector.get("/v1/settings").json
        assert (found["retention_days"], found["public_url"]) == (number, f"http://h{number}.example")
        assert found["thresholds"]["stuck_agents"] == {"wait": number, "bad": 50}
        assert found["thresholds"]["error_agents"] == {"wait": number, "bad": 60}


@pytest.mark.parametrize("path", ["/v1/settings", "/v1/policies"])
def test_of_those_who_name_what_they_knew_one_changes_it(collector: Collector, path: str) -> None:
    for number in range(ROUNDS):
        tag = collector.get(path).headers["ETag"]
        bodies: list[dict[str, Any]] = (
            [{"retention_days": 100 + 10 * number + one} for one in range(6)]
            if path == "/v1/settings"
            else [{"policies": [POLICY | {"id": f"{number}-{one}"}]} for one in range(6)]
        )
        answers = at_once(collector, *(("PUT", path, body) for body in bodies), If_Match=tag)
        assert sorted(answer.status for answer in answers) == [200] + [412] * 5
        winner = next(answer for answer in answers if answer.status == 200)
        assert winner.headers["ETag"] == collector.get(path).headers["ETag"] != tag
        assert winner.json == collector.get(path).json


def test_settings_tell_when_they_were_changed(collector: Collector) -> None:
    known = collector.get("/v1/settings").headers["ETag"]
    assert collector.request("PATCH", "/v1/settings", b'{"retention_days": 7}').status == 200
    refused = collector.request("PATCH", "/v1/settings", b'{"retention_days": 8}', If_Match=known)
    assert (refused.status, refused.json["error"]) == (412, "precondition_failed")
    assert collector.get("/v1/settings").json["retention_days"] == 7
    now = collector.get("/v1/settings").headers["ETag"]
    assert collector.request("PATCH", "/v1/settings", b'{"retention_days": 8}', If_Match=now).status == 200


def test_a_project_is_made_once_and_keeps_what_several_say(collector: Collector) -> None:
    for number in range(ROUNDS):
        slug = f"project-{number}"
        answers = at_once(collector, *[("POST", "/v1/projects", {"name": slug})] * 6)
        assert sorted(answer.status for answer in answers) == [201] + [409] * 5
        path = f"/v1/projects/{slug}"
        at_once(
            collector,
            *(
                ("PATCH", path, change)
                for change in ({"name": "N"}, {"description": "D"}, {"archived": True})
            ),
        )
        found = collector.get(path).json
        assert (found["name"], found["description"], found["is_archived"]) == ("N", "D", True)


def test_a_rule_and_a_channel_keep_what_several_say(collector: Collector) -> None:
    hook = {"type": "webhook", "url": "http://127.0.0.1:9/"}
    for number in range(ROUNDS):
        channel = f"/v1/alerts/channels/{made(collector, '/v1/alerts/channels', {'name': 'c', 'channel': hook})['channel_id']}"
        rule = f"/v1/alerts/rules/{made(collector, '/v1/alerts/rules', {'name': 'r', 'condition': {'type': 'agent_stuck'}})['rule_id']}"
        changes = [{"name": f"r{number}"}, {"severity": "critical"}, {"cooldown_seconds": 7}]
        moved = {"channel": hook | {"url": "http://127.0.0.1:9/moved"}}
        answers = at_once(
            collector,
            *(("PATCH", rule, change) for change in changes),
            ("POST", f"{rule}/silence", {"seconds": 60}),
            ("PATCH", channel, {"name": "moved"}),
            ("PATCH", channel, moved),
        )  # fmt: skip
        assert [answer.status for answer in answers] == [200] * 6
        found = collector.get(rule).json
        assert (found["name"], found["severity"], found["cooldown_seconds"]) == (f"r{number}", "critical", 7)
        assert found["silenced_until"] is not None
        kept = collector.get(channel).json
        assert (kept["name"], kept["channel"]["url"]) == ("moved", "http://127.0.0.1:9/moved")


def test_what_was_deleted_does_not_come_back(collector: Collector) -> None:
    for number in range(ROUNDS):
        rule = made(collector, "/v1/alerts/rules", {"name": "r", "condition": {"type": "agent_stuck"}})
        project = made(collector, "/v1/projects", {"name": f"short-lived-{number}"})
        paths = (f"/v1/alerts/rules/{rule['rule_id']}", f"/v1/projects/{project['slug']}")
        requests = [
            request
            for path in paths
            for request in (("DELETE", path, None), *[("PATCH", path, {"name": "x"})] * 3)
        ]
        for answer in at_once(collector, *requests):
            assert answer.status in (200, 404)
        assert [collector.get(path).status for path in paths] == [404, 404]


def test_of_the_last_two_admins_only_one_is_revoked(tmp_path: Path) -> None:
    with running(tmp_path / "s.db") as collector:
        first = made(collector, "/v1/keys", {"name": "a", "scopes": ["admin"]})
        for _ in range(ROUNDS):
            body = json.dumps({"name": "b", "scopes": ["admin"]}).encode()
            second = collector.request("POST", "/v1/keys", body, key=first["raw_key"]).json
            pair = {one["key_id"]: one["raw_key"] for one in (first, second)}
            answers = at_once(
                collector, *(("DELETE", f"/v1/keys/{key_id}", None) for key_id in pair), key=first["raw_key"]
            )
            statuses = dict(zip(pair, (answer.status for answer in answers), strict=True))
            assert list(statuses.values()).count(200) == 1
            left = next(key_id for key_id, status in statuses.items() if status != 200)
            first = first if left == first["key_id"] else second
            assert collector.get("/v1/keys", key=first["raw_key"]).status == 200
