"""A word that is not one of those a field may be: the refusal says which it may be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Collector, event

POLICY = {"id": "a", "name": "n", "kind": "budget", "limit": {"usd": 1}, "action": "block"}


@pytest.mark.parametrize(
    ("method", "path", "body", "field", "words"),
    [
        ("POST", "/v1/approvals/a1", {"decision": "yes"}, "decision", "approved, rejected, not 'yes'"),
        ("POST", "/v1/keys", {"scopes": ["root"]}, "scopes[...]", "admin, ingest, read, not 'root'"),
        ("PUT", "/v1/policies", {"policies": [POLICY | {"action": "shout"}]}, "policies[...].action", "block, throttle, warn, not 'shout'"),
        ("PUT", "/v1/policies", {"policies": [POLICY | {"limit": {"usd": 1, "per": "week"}}]}, "policies[...].limit.per", "day, hour, run, session, user, not 'week'"),
        ("POST", "/v1/alerts/rules", {"name": "r", "condition": {"type": "agent_stuck"}, "severity": "loud"}, "severity", "critical, info, warning, not 'loud'"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_told_with_the_right_ones(
    collector: Collector, method: str, path: str, body: dict[str, Any], field: str, words: str
) -> None:
    collector.store([event("approval_requested", payload={"data": {"approval_id": "a1"}})])
    answer = collector.request(method, path, json.dumps(body).encode())
    assert (answer.status, answer.json["details"]["fix"]) == (400, f"send one of {words}")
    assert answer.json["details"]["field"].startswith(field.partition("[")[0])
    assert answer.json["message"] == f"{answer.json['details']['field']}: send one of {words}"
