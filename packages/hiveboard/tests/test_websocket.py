"""The live WebSocket: a real client that speaks the published messages, and clients that do not."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hiveboard import socket_connection, watch
from hiveboard.instant import now_us
from hiveboard.projections.agent_view import AgentView
from hiveboard.routes import websocket
from hiveboard.settings import Limits
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from .conftest import LIVE, READ, TEST, Collector, recent, running

#: What is awaited, and not slept.
PATIENCE = 10


def open_socket(
    collector: Collector, token: str | None = LIVE, path: str = "/v1/stream", **options: Any
) -> ClientConnection:
    query = "" if token is None else f"?token={token}"
    return connect("ws" + collector.url.removeprefix("http") + path + query, **options)


@pytest.fixture
def client(collector: Collector) -> Iterator[ClientConnection]:
    with open_socket(collector) as made:
        yield made


def say(client: ClientConnection, action: str, **fields: Any) -> dict[str, Any]:
    """Say something and return what comes next."""
    client.send(json.dumps({"action": action, **fields}))
    return hear(client)


def hear(client: ClientConnection) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(client.recv(PATIENCE))
    return told


def test_a_published_client_subscribes_hears_and_unsubscribes(
    collector: Collector, client: ClientConnection
) -> None:
    collector.store([recent("task_started", task_id="before")])
    answer = say(
        client, "subscribe", channels=["events", "agents", "weather"], filters={"environment": "production"}
    )
    assert answer == {
        "type": "subscribed",
        "channels": ["events", "agents"],
        "filters": {"environment": "production"},
    }
    sent = recent("task_started", task_id="t", task_run_id="r")
    collector.store([sent])
    heard = hear(client)
    while heard["data"].get("task_id") == "before":
        heard = hear(client)
    assert heard["type"] == "event.new"
    assert (heard["data"]["event_id"], heard["data"]["agent_id"]) == (sent["event_id"], "agent-1")
    assert say(client, "unsubscribe", channels=["events"]) == {"type": "unsubscribed", "channels": ["events"]}
    collector.store([recent("task_completed", task_id="t", task_run_id="r")])
    assert say(client, "ping")["type"] == "pong"


def test_nothing_is_sent_before_a_subscription(collector: Collector, client: ClientConnection) -> None:
    collector.store([recent("task_started", task_id="t")])
    assert say(client, "ping")["type"] == "pong"


def test_ping_tells_the_time(client: ClientConnection) -> None:
    told = say(client, "ping")
    assert set(told) == {"type", "server_time"}
    assert told["server_time"].endswith("Z")


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({"agent_id": "b"}, {"b-info", "b-error"}),
        ({"environment": "staging"}, {"b-info", "b-error"}),
        ({"group": "night"}, {"b-info", "b-error"}),
        ({"min_severity": "error"}, {"a-error", "b-error"}),
        ({"event_types": ["task_failed"], "agent_id": "a"}, {"a-error"}),
        ({"project_id": "p"}, {"a-info", "a-error"}),
        ({"project_id": "p", "agent_id": "b"}, set()),
        ({"min_severity": "deafening"}, {"a-info", "a-error", "b-info", "b-error"}),
    ],
)
def test_filters(
    collector: Collector, client: ClientConnection, filters: dict[str, Any], wanted: set[str]
) -> None:
    assert say(client, "subscribe", channels=["events"], filters=filters)["filters"] == filters
    for agent, place in (("a", {}), ("b", {"environment": "staging", "group": "night"})):
        project = {"project_id": "p"} if agent == "a" else {}
        info = recent("task_started", task_id=f"{agent}-info", **project)
        error = recent("task_failed", task_id=f"{agent}-error", **project)
        collector.store([info, error], agent_id=agent, **place)
    # Subscribing to everything again tells when all of that has passed.
    heard: set[str] = set()
    say_all = {"action": "subscribe", "channels": ["events"], "filters": {}}
    deadline = threading.Event()
    deadline.wait(0.3)
    client.send(json.dumps(say_all))
    while (told := hear(client))["type"] != "subscribed":
        heard.add(told["data"]["task_id"])
    assert heard == wanted


def test_an_agent_that_falls_silent_is_said_to_be_stuck(tmp_path: Path) -> None:
    ahead = [0]
    with running(tmp_path / "s.db", clock=lambda: now_us() + ahead[0]) as collector:
        data = {"heartbeat_interval": 30, "stuck_threshold": 60}
        collector.store([recent("agent_registered", payload={"data": data}), recent("heartbeat")])
        with open_socket(collector) as client:
            say(client, "subscribe", channels=["agents"])
            told: dict[str, Any] = {}
            # Until somebody followed nobody looked, and the first look only learns how things are.
            for _ in range(8):
                with contextlib.suppress(TimeoutError):
                    while "agent.stuck" not in told:
                        heard = json.loads(client.recv(1.5))
                        told[heard["type"]] = heard["data"]
                ahead[0] = 3_600_000_000 - ahead[0]
                if "agent.stuck" in told:
                    break
        change = told["agent.status_changed"]
        assert {"agent_id", "previous_status", "new_status", "timestamp", "heartbeat_age_seconds"} <= set(
            change
        )
        stuck = told["agent.stuck"]
        assert (stuck["agent_id"], stuck["stuck_threshold_seconds"]) == ("agent-1", 60)
        assert {"last_heartbeat", "current_task_id", "current_project_id"} <= set(stuck)


def test_whoever_is_silent_is_pinged_and_need_not_answer(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "_PING_SECONDS", 0.05)
    with open_socket(collector) as client:
        for _ in range(5):
            assert hear(client) == {"type": "ping"}


@pytest.mark.parametrize(
    "sent", ["nonsense", "[]", '{"channels": "events"}', '{"filters": {"agent_id": 7}}', b"\xff", "7"]
)
def test_what_cannot_be_read_is_said_to_be_so(client: ClientConnection, sent: str | bytes) -> None:
    client.send(sent)
    assert hear(client)["error"] == "invalid_message"
    assert say(client, "ping")["type"] == "pong"


def test_an_unknown_action_is_met_with_silence(client: ClientConnection) -> None:
    client.send('{"action": "dance"}')
    assert say(client, "ping")["type"] == "pong"


def test_who_cannot_speak_is_shown_the_door(client: ClientConnection) -> None:
    with pytest.raises(ConnectionClosed) as closed:
        for _ in range(100):
            client.send("nonsense")
            hear(client)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_a_message_may_only_be_so_large(client: ClientConnection) -> None:
    client.send("x" * (socket_connection.MAX_MESSAGE_BYTES + 1))
    with pytest.raises(ConnectionClosed) as closed:
        hear(client)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def refused(collector: Collector, token: str | None = LIVE, **options: Any) -> tuple[int, dict[str, Any]]:
    with pytest.raises(InvalidStatus) as error:
        with open_socket(collector, token, **options):
            pass
    response = error.value.response
    return response.status_code, json.loads(response.body or b"{}")


def test_keys(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with running(tmp_path / "store.db", keys=(LIVE, TEST, READ)) as collector:
        for token in (None, "hb_live_other_secret", "jwt"):
            status, body = refused(collector, token)
            assert (status, body["error"]) == (403, "authentication_failed")
        with open_socket(collector, READ) as reader, open_socket(collector, TEST) as other:
            say(reader, "subscribe", channels=["events"])
            say(other, "subscribe", channels=["events"])
            collector.store([recent("task_started", task_id="t")])
            assert hear(reader)["data"]["task_id"] == "t"
            assert say(other, "ping")["type"] == "pong"
        with open_socket(collector, None, additional_headers={"Authorization": f"Bearer {LIVE}"}) as client:
            assert say(client, "ping")["type"] == "pong"
    own = [
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith(("websockets.client", "urllib3"))
    ]
    assert not [line for line in own if "hb_" in line]


def test_a_page_of_another_origin_may_not_listen(collector: Collector) -> None:
    status, body = refused(collector, origin="https://evil.example")
    assert (status, body["error"]) == (403, "foreign_origin")
    with open_socket(collector, origin=collector.url) as client:
        assert say(client, "ping")["type"] == "pong"


def test_other_addresses(collector: Collector) -> None:
    for path in ("/", "/v1/agents", "/ws/connect"):
        assert refused(collector, path=path)[0] == 404
    # A page whose own name was made to point here is a stranger.
    line = socket.create_connection(collector.listener.getsockname())
    with pytest.raises(InvalidStatus) as error, connect("ws://evil.example/v1/stream", sock=line):
        pass
    assert error.value.response.status_code == 421


def test_only_so_many_follow(tmp_path: Path) -> None:
    with running(tmp_path / "store.db", limits=Limits(stream_clients=1)) as collector:
        with open_socket(collector) as client:
            assert refused(collector)[0] == 429
            assert say(client, "ping")["type"] == "pong"
        # The place is free as soon as the collector has seen the goodbye.
        for _ in range(200):
            try:
                with open_socket(collector):
                    break
            except InvalidStatus:
                threading.Event().wait(0.01)
        else:
            raise AssertionError("the place was never given back")


def test_who_does_not_read_is_dropped_and_holds_nobody_up(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_connection.SocketConnection, "unread_seconds", 0.2)
    raw = socket.create_connection(collector.listener.getsockname())
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.sendall(
        b"GET /v1/stream?token=hb_live_x HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert b"101" in raw.recv(4096)
    wish = b'{"action":"subscribe","channels":["events"]}'
    raw.sendall(bytes([0x81, 0x80 | len(wish), 0, 0, 0, 0]) + wish)
    with open_socket(collector) as client:
        big = {"kind": "big", "data": {"text": "x" * 30_000}}
        until, most = time.monotonic() + 30, 0
        while most < 2 or len(collector.services.hub._subscribers) == most:
            most = max(most, len(collector.services.hub._subscribers))
            assert time.monotonic() < until, "it still follows"
            collector.store([recent("custom", payload=big) for _ in range(20)])
        assert say(client, "ping")["type"] == "pong"
    raw.close()


def test_a_collector_that_stops_says_goodbye(tmp_path: Path) -> None:
    with running(tmp_path / "store.db") as collector, open_socket(collector) as client:
        say(client, "subscribe", channels=["events"])
        collector.services.hub.close()
        with pytest.raises(ConnectionClosed) as closed:
            hear(client)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001


def test_a_fleet_is_looked_at_as_soon_as_somebody_follows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, look = threading.Event(), watch.agent_views

    async def noted(*asked: Any) -> list[AgentView]:
        found = await look(*asked)
        looked.set()
        return found

    monkeypatch.setattr(watch, "agent_views", noted)
    # What changes before the first look is told to nobody, so that look must not wait for the next round.
    monkeypatch.setattr(watch, "_EVERY_SECONDS", 60.0)
    with running(tmp_path / "s.db") as collector, open_socket(collector):
        assert looked.wait(PATIENCE)
        looked.clear()
        with open_socket(collector, TEST):
            assert looked.wait(PATIENCE)
