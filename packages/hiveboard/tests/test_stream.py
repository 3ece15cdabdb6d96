"""Live events over SSE: what arrives, how it resumes, who hears what."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hiveboard.settings import Limits

from .conftest import LIVE, TEST, Collector, event, recent, running


class Stream:
    """Reads messages of an open stream."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.lines = self._lines()

    def _lines(self) -> Iterator[str]:
        rest = b""
        for chunk in self.response.stream(512):
            rest += chunk
            while b"\n" in rest:
                line, _, rest = rest.partition(b"\n")
                yield line.decode()

    def next(self) -> dict[str, Any]:
        """The next message that is not a comment."""
        message: dict[str, Any] = {}
        data = []
        for line in self.lines:
            if line.startswith(("id: ", "event: ")):
                name, _, value = line.partition(": ")
                message[name] = value
            elif line.startswith("data: "):
                data.append(line[6:])
            elif not line and "event" in message:
                return message | {"data": json.loads("\n".join(data))}
        raise AssertionError("the stream ended")

    def connected(self) -> None:
        for line in self.lines:
            if line == ": connected":
                return


@contextlib.contextmanager
def following(collector: Collector, key: str = LIVE, query: str = "", **headers: str) -> Iterator[Stream]:
    sent = {
        "Authorization": f"Bearer {key}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    response = collector.pool.request(
        "GET", f"{collector.url}/v1/stream{query}", headers=sent, preload_content=False
    )
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/event-stream")
    stream = Stream(response)
    stream.connected()
    try:
        yield stream
    finally:
        response.close()


def test_new_events_arrive_and_heartbeats_do_not(collector: Collector) -> None:
    collector.store([event("task_started", task_id="old")])
    with following(collector) as stream:
        collector.store(
            [event("heartbeat"), event("task_started", task_id="new", payload={"summary": "a\nb"})]
        )
        message = stream.next()
        assert (message["event"], message["id"]) == ("event.new", "3")
        assert (message["data"]["task_id"], message["data"]["narrative"]) == (
            "new",
            "agent-1 started task new",
        )


def test_a_pretty_printed_payload_stays_one_message(collector: Collector) -> None:
    made = json.dumps(event("task_started", task_id="t"))[:-1]
    body = f'{{"envelope":{{"agent_id":"a"}},"events":[{made}, "payload": {{\n  "x": 1\r\n }}}}]}}'
    with following(collector) as stream:
        assert collector.request("POST", "/v1/ingest", body.encode()).status == 200
        assert stream.next()["data"]["payload"] == {"x": 1}


@pytest.mark.parametrize("ring", [5_000, 1])
def test_a_stream_resumes_after_the_last_event_seen(tmp_path: Path, ring: int) -> None:
    """From memory, and from the store when memory does not reach back."""
    with running(tmp_path / "s.db", limits=Limits(stream_ring_events=ring)) as collector:
        for number in range(6):
            collector.store([event("task_started", task_id=f"t{number}")])
        with following(collector, Last_Event_ID="3") as stream:
            assert [stream.next()["data"]["task_id"] for _ in range(3)] == ["t3", "t4", "t5"]
            collector.store([event("task_started", task_id="t6")])
            assert stream.next()["id"] == "7"
        with following(collector, query="?last_event_id=5") as stream:
            assert stream.next()["data"]["task_id"] == "t5"


def test_resuming_works_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path / "s.db") as collector:
        collector.store([event("task_started", task_id=f"t{number}") for number in range(4)])
    with running(tmp_path / "s.db") as collector:
        with following(collector, Last_Event_ID="2") as stream:
            assert [stream.next()["id"] for _ in range(2)] == ["3", "4"]
        with following(collector, Last_Event_ID="99999") as stream:
            collector.store([event("task_started", task_id="new")])
            assert stream.next()["data"]["task_id"] == "new"


def test_a_flood_is_cut_and_says_how_much(tmp_path: Path) -> None:
    with (
        running(tmp_path / "s.db", limits=Limits(stream_frame_events=5)) as collector,
        following(collector) as stream,
    ):
        collector.store([event("task_started", task_id=f"t{number}") for number in range(20)])
        first = stream.next()
        assert (first["event"], first["data"]) == ("events.skipped", {"skipped": 15, "resume_from": 15})
        assert [stream.next()["id"] for _ in range(5)] == ["16", "17", "18", "19", "20"]


def test_tenants_hear_only_themselves(collector: Collector) -> None:
    with following(collector, key=TEST) as stream:
        collector.store([event("task_started", task_id="secret")], key=LIVE)
        collector.store([event("task_started", task_id="mine")], key=TEST)
        assert stream.next()["data"]["task_id"] == "mine"


def test_a_status_change_is_announced(collector: Collector) -> None:
    collector.store([recent("task_started", task_id="t")])
    with following(collector, query="?last_event_id=1") as stream:
        # The first look learns how things are; a new agent after it is a change.
        number = 0
        while True:
            number += 1
            collector.store([recent("heartbeat")], agent_id=f"agent-{number + 1}")
            message = _next_within(stream, collector)
            if message["event"] == "agent.status_changed":
                break
        assert message["data"]["new_status"] in ("idle", "processing")
        assert set(message["data"]) >= {"agent_id", "previous_status", "timestamp", "current_task_id"}


def _next_within(stream: Stream, collector: Collector) -> dict[str, Any]:
    collector.store([recent("task_started", task_id="tick")])
    return stream.next()


@pytest.mark.parametrize("last", ["x", "-1", "9" * 19, "²"])
def test_a_bad_last_event_id_is_named(collector: Collector, last: str) -> None:
    answer = collector.get("/v1/stream", last_event_id=last)
    assert answer.status == 400
    assert "last" in answer.json["details"]["field"].lower()


def test_too_many_followers_are_told_so(tmp_path: Path) -> None:
    with running(tmp_path / "s.db", limits=Limits(stream_clients=1)) as collector, following(collector):
        answer = collector.get("/v1/stream")
        assert answer.status == 429
        assert answer.headers["Retry-After"]
