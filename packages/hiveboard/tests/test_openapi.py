"""The OpenAPI document: complete, valid, and true of what the collector answers."""

from __future__ import annotations

from pathlib import Path

import pytest
import schemathesis
from hiveboard.app import create_app, make_services
from hiveboard.openapi import build_document
from hiveboard.routes.catalogue import ENDPOINTS
from hiveboard.settings import Settings
from hypothesis import HealthCheck, Phase, settings

from .conftest import EFFORT, LIVE, Collector, event, kind, running

DOCUMENT = build_document(ENDPOINTS)
CALLABLE = {path: item for path, item in DOCUMENT["paths"].items() if path != "/v1/stream"}
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT | {"paths": CALLABLE})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Collector:  # type: ignore[misc]
    with running(tmp_path_factory.mktemp("openapi") / "s.db", keys=(LIVE,)) as collector:
        task = {"task_id": "0", "task_run_id": "r", "project_id": "0"}
        collector.store(
            [
                event("task_started", 1, **task),
                kind(
                    "llm_call", 2, data={"name": "n", "model": "0", "cost": 1, "metadata": {"x": [1]}}, **task
                ),
                kind("plan_created", 3, data={"steps": ["one"]}, **task),
                event("action_failed", 4, action_id="a", payload={"error": "x"}, **task),
                kind("issue", 5, data={"severity": "low"}),
                event("approval_requested", 6, **task),
                event("heartbeat", 7, payload={"n": 1}),
            ],
            agent_id="0",
        )
        yield collector


@SCHEMA.parametrize()
@settings(
    max_examples=12 * EFFORT,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_the_collector_answers_as_documented(case: schemathesis.Case, served: Collector) -> None:
    headers = {"Authorization": f"Bearer {LIVE}"}
    case.call_and_validate(
        base_url=served.url,
        headers=headers,
        excluded_checks=[
            # Queries need no key on an open collector, and ingest judges events one by one (207), by design.
            schemathesis.checks.CHECKS.get_one("ignored_auth"),
            schemathesis.checks.CHECKS.get_one("negative_data_rejection"),
            schemathesis.checks.CHECKS.get_one("unsupported_method"),
            # A made-up cursor, or 5-minute buckets over 30 days, are refused although their form is right.
            schemathesis.checks.CHECKS.get_one("positive_data_acceptance"),
        ],
    )


def test_everything_is_described() -> None:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], (method, path)
            good = [told for status, told in operation["responses"].items() if status in ("200", "201")]
            assert [bool(told["content"]) for told in good] == [True], (method, path)
            for parameter in operation["parameters"]:
                assert parameter["description"], (path, parameter["name"])
                assert parameter["schema"]["type"], (path, parameter["name"])
    names = [operation["operationId"] for item in DOCUMENT["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))


def test_every_struct_that_is_answered_is_explained() -> None:
    unexplained = [
        name for name, schema in DOCUMENT["components"]["schemas"].items() if not schema.get("description")
    ]
    assert unexplained == []


def test_the_document_is_served(tmp_path: Path, collector: Collector) -> None:
    assert collector.get("/openapi.json", key=None).json == DOCUMENT
    services = make_services(Settings(store=tmp_path / "o.db"))
    assert create_app(services).reached == 0
    services.store._writer.finish()  # type: ignore[attr-defined]


def test_every_refusal_of_the_gate_is_documented(tmp_path: Path) -> None:
    with running(tmp_path / "s.db") as collector:
        admin = collector.request("POST", "/v1/keys", b'{"name": "a", "scopes": ["admin"]}').json["raw_key"]
        made = collector.request("POST", "/v1/keys", b'{"name": "i", "scopes": ["ingest"]}', key=admin)
        for path, item in CALLABLE.items():
            for method, operation in item.items():
                asked = path.replace("{", "").replace("}", "")
                answer = collector.request(method.upper(), asked, key=made.json["raw_key"])
                assert str(answer.status) in operation["responses"], (method, path)
                if answer.status == 403:
                    told = operation["responses"]["429"]["headers"]["Retry-After"]["schema"]
                    assert told == {"type": "integer"}
        policies = collector.get("/v1/policies", key=admin)
        known = collector.request("GET", "/v1/policies", key=admin, If_None_Match=policies.headers["ETag"])
        assert str(known.status) in DOCUMENT["paths"]["/v1/policies"]["get"]["responses"]
