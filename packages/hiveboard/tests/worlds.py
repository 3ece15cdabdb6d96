"""Two tenants (and the test namespace of one) that hold everything under the same ids, and how to call every endpoint."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from hiveboard.auth.keyring import create_key
from hiveboard.instant import format_instant
from hiveboard.openapi import build_document
from hiveboard.routes.catalogue import ENDPOINTS
from hiveboard.settings import Limits
from hiveboard.store.sqlite import SqliteStore

from .conftest import LIVE, TEST, Answer, Collector, running

__all__ = ["DOCUMENT", "Operation", "Side", "World", "operations"]

DOCUMENT = build_document(ENDPOINTS)
#: The moment it is, in every collector of these tests: answers are the same however often they are asked for.
NOW = 1_790_000_000_000_000

_SEEDED = {
    "agent_id": "agent-1",
    "task_id": "task-1",
    "task_run_id": "run-1",
    "project_id": "project-1",
    "slug": "project-1",
    "approval_id": "approval-1",
    "session_id": "session-1",
    "user_id": "user-1",
    "event_id": "same-2",
    "model": "model-1",
    "a": "task-1",
    "b": "task-1",
    "run_a": "run-1",
    "run_b": "run-1",
}
#: Bodies that a schema alone does not tell; {mark} becomes the tenant's mark. None of them holds an id of one tenant only.
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/v1/alerts/channels"): {
        "name": "{mark}",
        "channel": {"type": "webhook", "url": "http://127.0.0.1:9/{mark}"},
    },
    ("PUT", "/v1/alerts/channels/{channel_id}"): {"name": "{mark} again"},
    ("PATCH", "/v1/alerts/channels/{channel_id}"): {"name": "{mark} again"},
    ("PUT", "/v1/alerts/rules/{rule_id}"): {"name": "{mark} again"},
    ("PATCH", "/v1/alerts/rules/{rule_id}"): {"name": "{mark} again"},
    ("POST", "/v1/alerts/rules/{rule_id}/silence"): {"seconds": 60},
    ("PUT", "/v1/policies"): {
        "policies": [
            {"kind": "budget", "id": "policy-1", "name": "{mark}", "action": "warn", "limit": {"usd": 1}}
        ]
    },
    ("PUT", "/v1/settings"): {"public_url": "https://{slug}.example"},
    ("PATCH", "/v1/settings"): {"public_url": "https://{slug}.example/again"},
    ("POST", "/v1/projects"): {"name": "{mark}", "slug": "project-{round}"},
    ("PUT", "/v1/pricing/{model}"): {"input_per_m": "{number}", "output_per_m": "{number}"},
    ("POST", "/v1/keys"): {"name": "{mark}", "key_type": "test"},
    ("POST", "/v1/api-keys"): {"name": "{mark}", "key_type": "test"},
    ("POST", "/v1/session"): {"key": "{key}"},
}
#: Query parameters an operation needs beyond those its schema calls required.
QUERIES: dict[tuple[str, str], dict[str, str]] = {}
#: Where a parameter's value is listed when it is not at the address before the parameter: path, field.
LISTED: dict[str, tuple[str, str]] = {"issue_id": ("/v1/issues", "id"), "insight_id": ("/v1/insights", "id")}

#: Ids that are the collector's own and the same for everybody.
CATALOGUED = {"insight_id"}


class Operation(NamedTuple):
    """One method of one path of the OpenAPI document."""

    method: str
    path: str

    @property
    def schema(self) -> dict[str, Any]:
        found: dict[str, Any] = DOCUMENT["paths"][self.path][self.method.lower()]
        return found

    @property
    def names(self) -> list[str]:
        return [one["name"] for one in self.schema["parameters"] if one["in"] == "path"]

    @property
    def body(self) -> dict[str, Any] | None:
        content: dict[str, Any] = self.schema.get("requestBody", {}).get("content", {})
        return None if not content else next(iter(content.values()))["schema"]


def operations(*methods: str) -> list[Operation]:
    """Every operation with one of some methods."""
    return [
        Operation(method.upper(), path)
        for path, item in DOCUMENT["paths"].items()
        for method in item
        if method.upper() in methods
    ]


class Side(NamedTuple):
    """Somebody with a key, and the word and the number that are in all that is theirs."""

    key: str
    mark: str
    number: int

    def owns(self, raw: bytes) -> bool:
        """Whether something of this side is told."""
        return self.mark.lower().encode() in raw.lower()


class World:
    """A running collector with two tenants (``mine`` and ``theirs``) and the test namespace of the first."""

    def __init__(self, collector: Collector, theirs: str) -> None:
        self.collector = collector
        self.mine = Side(LIVE, "CANARY-mine", 11)
        self.theirs = Side(theirs, "CANARY-theirs", 22)
        self.test = Side(TEST, "CANARY-test", 33)
        #: In the ids that bodies choose: the same for all sides, and others after the seed.
        self.round = 3

    def call(self, operation: Operation, by: Side, ids_of: Side | None = None) -> Answer:
        """Call an operation as one side, with the ids of one (its own unless told)."""
        path = operation.path
        for name in operation.names:
            path = path.replace(
                "{" + name + "}", quote(self.id_of(operation.path, name, ids_of or by), safe="")
            )
        query = self._query(operation)
        body = self._body(operation, by)
        address = path + ("?" + urlencode(query) if query else "")
        return self.collector.request(operation.method, address, body, key=by.key)

    def id_of(self, path: str, name: str, side: Side) -> str:
        """What a path parameter is for a side: a seeded id, or one of what its list holds."""
        if name in _SEEDED:
            return _SEEDED[name]
        parent = path.partition("/{" + name + "}")[0]
        address, field = LISTED.get(name, (parent, name))
        rows = self.collector.get(address, key=side.key).json
        rows = rows.get("data", rows) if isinstance(rows, dict) else rows
        if isinstance(rows, dict):
            rows = next(value for value in rows.values() if isinstance(value, list))
        found = [row[field] for row in rows if name in CATALOGUED or side.owns(json.dumps(row).encode())]
        assert found, f"{path}: {address} lists nothing of {side.mark} to be {name}; teach tests/worlds.py"
        return str(found[0])

    def snapshot(self, side: Side) -> dict[str, bytes]:
        """Everything a side can read."""
        answers = {}
        for operation in operations("GET"):
            if operation.path not in NOT_DATA | OF_THE_PROCESS:
                # Events are numbered through the store, so this number alone tells of others.
                answers[operation.path] = re.sub(rb'"last_seq":\d+', b"", self.call(operation, side).raw)
        return answers

    def seed(self, side: Side) -> None:
        """Put the same things under the same ids for a side, each marked as its own."""
        self.round = 2
        answer = self.collector.request("POST", "/v1/ingest", _batch(side.mark), key=side.key)
        assert (answer.status, answer.json["duplicates"]) == (200, 0), answer.raw
        for operation in operations("POST", "PUT"):
            known = all(name in _SEEDED for name in operation.names)
            if operation.body is not None and known and operation.path not in NOT_SEEDING:
                self.call(operation, side)
        self.round = 3
        self.prepare("/v1/alerts/rules/{rule_id}/test", side)
        self.call(Operation("POST", "/v1/alerts/rules/{rule_id}/test"), side)

    def prepare(self, path: str, side: Side) -> None:
        """Do what must be so before an operation makes sense."""
        if path == "/v1/alerts/channels/{channel_id}":
            rule = self.id_of("/v1/alerts/rules/{rule_id}", "rule_id", side)
            self.collector.request("PATCH", f"/v1/alerts/rules/{rule}", b'{"channels": []}', key=side.key)
        if path == "/v1/alerts/rules/{rule_id}/test":
            rule = self.id_of("/v1/alerts/rules/{rule_id}", "rule_id", side)
            channel = self.id_of("/v1/alerts/channels/{channel_id}", "channel_id", side)
            body = json.dumps({"channels": [channel]}).encode()
            done = self.collector.request("PATCH", f"/v1/alerts/rules/{rule}", body, key=side.key)
            assert done.status == 200, done.raw

    def seed_again(self, side: Side) -> None:
        """The same story as new events."""
        batch = _batch(side.mark).replace(b'"same-', b'"again-')
        assert self.collector.request("POST", "/v1/ingest", batch, key=side.key).status == 200

    def _query(self, operation: Operation) -> dict[str, str]:
        query = dict(QUERIES.get((operation.method, operation.path), {}))
        for one in operation.schema["parameters"]:
            if one["in"] == "query" and one["required"] and one["name"] not in query:
                assert one["name"] in _SEEDED, f"{operation}: what is {one['name']}? teach tests/worlds.py"
                query[one["name"]] = _SEEDED[one["name"]]
        return query

    def _body(self, operation: Operation, side: Side) -> bytes | None:
        if operation.body is None:
            return None
        if operation.path == "/v1/ingest":
            return _batch(side.mark)
        made = BODIES.get((operation.method, operation.path))
        text = json.dumps(made if made is not None else _example(operation.body))
        values = {"mark": side.mark, "slug": side.mark.lower(), "key": side.key, "round": str(self.round)}
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        return text.replace('"{number}"', str(side.number)).encode()


#: Addresses that hold no data of tenants (or, the stream, never end): asked for in tests of their own.
NOT_DATA = {"/health", "/v1/health", "/openapi.json", "/v1/stream", "/v1/session"}
#: How the process and its disk are, which is one thing for all tenants.
OF_THE_PROCESS = {"/v1/status"}
#: Keys are made when a world is; a session is somebody's own.
NOT_SEEDING = {"/v1/ingest", "/v1/session", "/v1/api-keys", "/v1/approvals/{approval_id}"}


def _example(schema: dict[str, Any]) -> Any:
    """Something a schema takes, with the mark wherever a free text may stand."""
    if "$ref" in schema:
        return _example(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            choices = [one for one in schema[several] if one.get("type") != "null"]
            return _example(choices[0])
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return next(one for one in schema["enum"] if one is not None)
    kind = schema.get("type")
    if kind == "object":
        wanted = [
            *schema.get("required", []),
            *(name for name in _TEXTS if name in schema.get("properties", {})),
        ]
        return {name: _example(schema["properties"][name]) for name in dict.fromkeys(wanted)}
    if kind == "array":
        return [_example(schema["items"])] if schema.get("items") else []
    if kind in ("integer", "number"):
        return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    return {"string": "{mark}", "boolean": True}.get(str(kind))


_TEXTS = ("name", "title", "description", "reason", "note")


def _batch(mark: str) -> bytes:
    task = {"task_id": "task-1", "task_run_id": "run-1", "project_id": "project-1"}
    story: list[dict[str, Any]] = [
        {"event_type": "agent_registered", "payload": {"summary": mark, "data": {"heartbeat_interval": 30}}},
        {
            "event_type": "task_started",
            **task,
            "payload": {
                "summary": mark,
                "user_id": "user-1",
                "session_id": "session-1",
                "metadata": {"m": mark},
            },
        },
        _custom(
            "llm_call", mark, {"name": mark, "model": "model-1", "cost": 1, "prompt_preview": mark}, **task
        ),
        _custom("plan_created", mark, {"steps": [{"index": 0, "description": mark}]}, **task),
        _custom("issue", mark, {"severity": "high", "action": "reported", "issue_id": "issue-1"}),
        _custom("todo", mark, {"todo_id": "todo-1", "action": "created"}),
        _custom("queue_snapshot", mark, {"depth": 1, "items": [{"id": mark, "summary": mark}]}),
        _custom("scheduled", mark, {"items": [{"id": mark, "name": mark}]}),
        {
            "event_type": "approval_requested",
            **task,
            "payload": {"summary": mark, "data": {"approval_id": "approval-1"}},
        },
        {"event_type": "action_failed", **task, "action_id": "action-1", "payload": {"error": mark}},
        {"event_type": "heartbeat", "payload": {"note": mark}},
    ]
    for number, one in enumerate(story):
        one["event_id"] = f"same-{number}"
        one["timestamp"] = format_instant(NOW - (60 - number) * 1_000_000)
    envelope = {"agent_id": "agent-1", "agent_version": mark, "framework": mark}
    return json.dumps({"envelope": envelope, "events": story}).encode()


def _custom(kind: str, mark: str, data: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"event_type": "custom", "payload": {"kind": kind, "summary": mark, "data": data}, **fields}


async def _key_of_acme(store: Path) -> str:
    opened = SqliteStore(store, Limits(), lambda published: None)
    try:
        made = await create_key(
            opened,
            key_type="live",
            tenant="acme",
            name="CANARY-theirs",
            scopes=("admin",),
            expires_at=None,
            created_by=None,
            now=NOW,
        )
    finally:
        await opened.close()
    assert made is not None
    return made[0]


@contextlib.contextmanager
def world(folder: Path, theirs: str | None = None) -> Iterator[World]:
    """A world on the store in a folder; without a key of the other tenant it is made anew and seeded."""
    store = folder / "s.db"
    key = theirs or asyncio.run(_key_of_acme(store))
    with running(store, keys=(LIVE, TEST), clock=lambda: NOW) as collector:
        made = World(collector, key)
        if theirs is None:
            for side in (made.mine, made.theirs, made.test):
                made.seed(side)
        yield made
