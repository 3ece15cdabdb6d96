"""Approval requests: listing, answering exactly once, waiting, and who listens."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hiveboard.instant import format_instant
from hiveboard.settings import Limits
from hiveboard.verify import verify_store

from .conftest import LIVE, READ, TEST, Answer, Collector, event, recent, running


def ask(
    collector: Collector, name: str | None = "a1", agent: str = "agent-1", **fields: Any
) -> dict[str, Any]:
    """Send a request for approval within an open run; returns its event."""
    place = {key: fields.pop(key) for key in ("environment", "group") if key in fields}
    task = {"task_id": "t-1", "task_run_id": "r-1", **fields}
    data = {"approver": "ops", "reason": "it is a lot"} | ({} if name is None else {"approval_id": name})
    asked = recent("approval_requested", payload={"summary": "Pay 84 EUR?", "data": data}, **task)
    collector.store([recent("task_started", **task), asked], agent_id=agent, **place)
    return asked


def decide(
    collector: Collector, name: str, decision: str = "approved", by: str | None = "jane", **more: Any
) -> Answer:
    key = more.pop("key", LIVE)
    body = {"decision": decision, **({} if by is None else {"approved_by": by}), **more}
    return collector.request("POST", f"/v1/approvals/{name}", json.dumps(body).encode(), key=key)


def eventually(holds: Callable[[], bool]) -> None:
    for _ in range(400):
        if holds():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not come to pass within four seconds")


def received(collector: Collector) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = collector.get("/v1/events", event_type="approval_received").json["data"]
    return found


def test_an_answer_is_one_event_of_the_agent_in_the_place_of_its_request(collector: Collector) -> None:
    asked = ask(collector, environment="staging", group="desk", project_id="support", task_type="refund")
    answer = decide(collector, "a1", "rejected", reason="too much")
    assert answer.status == 200
    assert {
        name: answer.json[name]
        for name in ("status", "decision", "approved_by", "decision_reason", "reason", "environment", "group")
    } == {
        "status": "rejected",
        "decision": "rejected",
        "approved_by": "jane",
        "decision_reason": "too much",
        "reason": "it is a lot",
        "environment": "staging",
        "group": "desk",
    }
    (told,) = received(collector)
    assert (told["agent_id"], told["task_id"], told["task_run_id"]) == ("agent-1", "t-1", "r-1")
    assert (told["environment"], told["group"], told["project_id"]) == ("staging", "desk", "support")
    assert told["parent_event_id"] == asked["event_id"]
    assert told["payload"]["data"]["approval_id"] == "a1"
    (run,) = collector.get("/v1/tasks").json["data"]
    assert run["derived_status"] == "processing"


def test_of_ten_at_once_one_decides_and_the_others_hear_who(collector: Collector) -> None:
    ask(collector)
    with ThreadPoolExecutor(10) as pool:
        names = [f"p{number}" for number in range(10)]
        answers = list(pool.map(lambda name: decide(collector, "a1", by=name), names))
    winners = [name for name, answer in zip(names, answers, strict=True) if answer.status == 200]
    losers = [answer.json for answer in answers if answer.status != 200]
    assert len(winners) == 1
    assert {(loser["status"], loser["error"], loser["details"]["approved_by"]) for loser in losers} == {
        (409, "already_decided", winners[0])
    }
    assert len(received(collector)) == 1


def test_a_request_without_an_approval_id_goes_by_the_id_of_its_event(collector: Collector) -> None:
    first, second = ask(collector, None), ask(collector, None)
    assert decide(collector, second["event_id"]).json["event_id"] == second["event_id"]
    states = {row["event_id"]: row["status"] for row in collector.get("/v1/approvals").json["data"]}
    assert states == {first["event_id"]: "pending", second["event_id"]: "approved"}


def test_a_request_outside_of_any_task_is_answered_too(collector: Collector) -> None:
    collector.store([recent("approval_requested", payload={"summary": "Deploy?", "approver": "human"})])
    (row,) = collector.get("/v1/approvals").json["data"]
    assert (row["summary"], row["approver"], row["task_id"]) == ("Deploy?", "human", None)
    assert decide(collector, row["event_id"]).json["status"] == "approved"


def test_an_id_may_hold_anything(collector: Collector) -> None:
    ask(collector, "thread/1: Ω?&#")
    assert decide(collector, "thread%2F1%3A%20%CE%A9%3F%26%23").json["approval_id"] == "thread/1: Ω?&#"


def test_what_an_sdk_answered_cannot_be_answered_again(collector: Collector) -> None:
    ask(collector)
    data = {"decision": "answered", "approved_by": "joe", "approval_id": "a1"}
    collector.store([recent("approval_received", payload={"summary": "ok", "data": data})])
    answer = decide(collector, "a1")
    assert (answer.status, answer.json["error"]) == (409, "already_decided")
    assert answer.json["details"]["approved_by"] == "joe"
    assert len(received(collector)) == 1


def test_a_request_whose_run_ended_has_expired(collector: Collector) -> None:
    ask(collector)
    collector.store([recent("task_completed", task_id="t-1", task_run_id="r-1", status="success")])
    answer = decide(collector, "a1")
    assert (answer.status, answer.json["error"], answer.json["details"]["status"]) == (
        409,
        "expired",
        "expired",
    )
    assert received(collector) == []
    assert collector.get("/v1/approvals/a1", wait=30).json["status"] == "expired"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"decision": "maybe"}', "decision"),
        (b"{}", "body"),
        (b'{"decision": "approved", "approved_by": ""}', "approved_by"),
        (b'{"decision": "approved", "aproved_by": "x"}', "body"),
        (b"[]", "body"),
        (b"nonsense", "body"),
    ],
)
def test_a_wrong_answer_names_the_field(collector: Collector, body: bytes, field: str) -> None:
    ask(collector)
    answer = collector.request("POST", "/v1/approvals/a1", body)
    assert (answer.status, answer.json["details"]["field"]) == (400, field)
    assert received(collector) == []


def test_nobody_answers_what_is_not_theirs(tmp_path: Path) -> None:
    with running(tmp_path / "store.db", keys=(LIVE, TEST, READ)) as collector:
        ask(collector)
        assert decide(collector, "a1", key=READ).status == 403
        assert decide(collector, "a1", key=TEST).json["error"] == "approval_not_found"
        assert collector.get("/v1/approvals/a1", key=TEST).status == 404
        assert collector.get("/v1/approvals", key=TEST).json["data"] == []
        assert decide(collector, "nothing").json["error"] == "approval_not_found"


def test_the_list_has_pending_ones_first_and_every_one_once(collector: Collector) -> None:
    for number in range(7):
        ask(collector, f"a{number}", task_id=f"t-{number}")
    for number in (0, 3, 6):
        decide(collector, f"a{number}", "rejected" if number == 3 else "approved")
    seen: list[str] = []
    cursor = ""
    while True:
        page = collector.get("/v1/approvals", limit=2, cursor=cursor).json
        seen += [row["approval_id"] for row in page["data"]]
        cursor = page["pagination"]["cursor"]
        if not page["pagination"]["has_more"]:
            break
    assert seen == ["a1", "a2", "a4", "a5", "a6", "a3", "a0"]


def test_the_filters_of_the_list(collector: Collector) -> None:
    ask(collector, "a1", environment="staging", project_id="p1")
    ask(collector, "a2", agent="other", environment="production", group="night", task_id="t-2")
    decide(collector, "a2")

    def listed(**params: Any) -> list[str]:
        return [row["approval_id"] for row in collector.get("/v1/approvals", **params).json["data"]]

    assert listed() == ["a1", "a2"]
    assert listed(environment="staging") == listed(project_id="p1") == listed(agent_id="agent-1") == ["a1"]
    assert listed(group="night") == listed(task_id="t-2") == listed(status="approved") == ["a2"]
    assert listed(status="pending") == ["a1"]
    assert listed(status="rejected") == listed(status="lost") == listed(status="expired") == []
    assert collector.get("/v1/approvals", status="nonsense").status == 400
    assert [
        row["approval_id"] for row in collector.get("/v1/pipeline", environment="staging").json["approvals"]
    ] == ["a1"]
    assert collector.get("/v1/pipeline", environment="production").json["approvals"] == []


class Waiting:
    """A client that waits for an approval in a thread of its own."""

    def __init__(self, collector: Collector, name: str = "a1", seconds: int = 30) -> None:
        self.answer: Answer | None = None
        self.ended = 0.0

        def run() -> None:
            self.answer = collector.get(f"/v1/approvals/{name}", wait=seconds)
            self.ended = time.monotonic()

        self.thread = threading.Thread(target=run)
        self.thread.start()

    def join(self) -> Answer:
        self.thread.join(10)
        assert self.answer is not None, "it waits still"
        return self.answer


def is_listened_to(collector: Collector, name: str = "a1") -> bool:
    listening: bool = collector.get(f"/v1/approvals/{name}").json["listening"]
    return listening


def test_who_waits_is_released_at_once(collector: Collector) -> None:
    took = []
    for number in range(5):
        ask(collector, f"a{number}", task_id=f"t-{number}")
        waiting = Waiting(collector, f"a{number}")
        eventually(lambda name=f"a{number}": is_listened_to(collector, name))  # type: ignore[misc]
        assert collector.get("/v1/pipeline").json["approvals"][0]["listening"]
        began = time.monotonic()
        assert decide(collector, f"a{number}").status == 200
        answer = waiting.join()
        assert (answer.json["status"], answer.json["approved_by"]) == ("approved", "jane")
        took.append(waiting.ended - began)
    assert min(took) < 0.1, took


def test_who_waits_is_released_by_an_answer_from_elsewhere(collector: Collector) -> None:
    ask(collector)
    waiting = Waiting(collector)
    eventually(lambda: is_listened_to(collector))
    collector.store(
        [recent("approval_received", task_id="t-1", task_run_id="r-1", payload={"decision": "rejected"})]
    )
    assert waiting.join().json["status"] == "rejected"


def test_who_waits_is_released_when_the_run_ends(collector: Collector) -> None:
    ask(collector)
    waiting = Waiting(collector)
    eventually(lambda: is_listened_to(collector))
    collector.store([recent("task_failed", task_id="t-1", task_run_id="r-1")])
    assert waiting.join().json["status"] == "expired"


def test_a_wait_ends_with_what_there_is(collector: Collector) -> None:
    ask(collector)
    assert collector.get("/v1/approvals/a1", wait=1).json["status"] == "pending"
    assert collector.get("/v1/approvals/a1", wait=61).status == 400
    assert collector.get("/v1/approvals/none", wait=30).status == 404


def test_a_client_that_vanished_no_longer_listens(collector: Collector) -> None:
    ask(collector)
    client = socket.create_connection(collector.listener.getsockname())
    client.sendall(
        b"GET /v1/approvals/a1?wait=60 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer hb_live_one\r\n\r\n"
    )
    eventually(lambda: is_listened_to(collector))
    client.close()
    eventually(lambda: not is_listened_to(collector))


def test_only_so_many_wait(tmp_path: Path) -> None:
    with running(tmp_path / "store.db", limits=Limits(approval_waiters=1)) as collector:
        ask(collector)
        waiting = Waiting(collector)
        eventually(lambda: is_listened_to(collector))
        refused = collector.get("/v1/approvals/a1", wait=1)
        assert (refused.status, refused.headers["Retry-After"]) == (429, "5")
        decide(collector, "a1")
        waiting.join()


def test_a_collector_that_stops_lets_everybody_go(tmp_path: Path) -> None:
    with running(tmp_path / "store.db") as collector:
        ask(collector)
        waiting = Waiting(collector)
        eventually(lambda: is_listened_to(collector))
        began = time.monotonic()
        collector.services.hub.close()
        assert waiting.join().json["status"] == "pending"
        assert waiting.ended - began < 1


def test_an_answer_is_no_sign_of_life_of_the_agent(tmp_path: Path) -> None:
    now = [1_770_000_000_000_000]
    with running(tmp_path / "store.db", clock=lambda: now[0]) as collector:
        collector.store(
            [event("task_started", task_id="t", task_run_id="r", timestamp=format_instant(now[0]))]
        )
        asked = event("approval_requested", task_id="t", task_run_id="r", timestamp=format_instant(now[0]))
        collector.store([asked], agent_version="2.0", framework="langchain", sdk_version="hiveloop-1.0.0")
        before = collector.get("/v1/agents/agent-1").json
        now[0] += 50_000_000
        assert decide(collector, asked["event_id"]).status == 200
        after = collector.get("/v1/agents/agent-1").json
        names = ("last_seen", "framework", "agent_version", "sdk_version")
        assert [after[name] for name in names] == [before[name] for name in names]


def test_the_summaries_agree_with_the_events(tmp_path: Path) -> None:
    with running(tmp_path / "store.db") as collector:
        ask(collector, None, environment="staging")
        ask(collector, "a2", agent="other", group="night")
        for row in collector.get("/v1/approvals").json["data"]:
            assert decide(collector, row["event_id"]).status == 200
    _, reports = verify_store(tmp_path / "store.db", lambda done: None)
    assert [report.table for report in reports if report.different] == []


def test_who_listens_is_not_lost(tmp_path: Path) -> None:
    now = [1_770_000_000_000_000]
    with running(tmp_path / "store.db", clock=lambda: now[0]) as collector:
        here = {"task_id": "t", "task_run_id": "r", "timestamp": format_instant(now[0])}
        started = event("task_started", payload={"hiveloop": {"process": "p-1"}}, **here)
        asked = event("approval_requested", payload={"data": {"approval_id": "a1"}}, **here)
        registered = event("agent_registered", payload={"data": {"heartbeat_interval": 30}})
        collector.store([registered, started, asked])
        now[0] += 3_600_000_000
        assert collector.get("/v1/approvals/a1").json["status"] == "lost"
        assert [row["status"] for row in collector.get("/v1/approvals", status="lost").json["data"]] == [
            "lost"
        ]
        waiting = Waiting(collector)
        eventually(lambda: is_listened_to(collector))
        assert decide(collector, "a1").status == 200
        assert waiting.join().json["status"] == "approved"


def test_a_lost_run_can_be_answered_for_the_process_that_takes_it_up(tmp_path: Path) -> None:
    now = [1_770_000_000_000_000]
    with running(tmp_path / "store.db", clock=lambda: now[0]) as collector:
        here = {"task_id": "t", "task_run_id": "r", "timestamp": format_instant(now[0])}
        started = event("task_started", payload={"hiveloop": {"process": "p-1"}}, **here)
        asked = event("approval_requested", payload={"data": {"approval_id": "a1"}}, **here)
        collector.store(
            [event("agent_registered", payload={"data": {"heartbeat_interval": 30}}), started, asked]
        )
        now[0] += 3_600_000_000
        assert collector.get("/v1/approvals/a1").json["status"] == "lost"
        assert decide(collector, "a1").status == 200
        assert collector.get("/v1/approvals/a1", wait=30).json["status"] == "approved"
        assert decide(collector, "a1").json["error"] == "already_decided"
