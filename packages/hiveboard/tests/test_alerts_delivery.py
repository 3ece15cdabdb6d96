"""Alerts leave: webhook, Slack, e-mail and command on real endpoints, those that fail among them."""

from __future__ import annotations

import contextlib
import email
import email.policy
import hashlib
import hmac
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hiveboard.instant import now_us
from hiveboard.settings import Limits, Settings

from .alert_endpoints import HttpEndpoint, dripping, free_port, make_certificate, smtp_server
from .conftest import Answer, Collector, kind, recent

LIMITS = Limits(alert_interval_seconds=0.02, alert_timeout_seconds=2, alert_retry_seconds=(0.05, 0.05, 0.05))
QUEUE_RULE = {"name": "Long queue", "condition": {"type": "queue_depth", "depth": 5}, "cooldown_seconds": 0}


@contextlib.contextmanager
def collecting(
    store: Path, *, limits: Limits = LIMITS, clock: Callable[[], int] = now_us, **settings: Any
) -> Iterator[Collector]:
    made = Collector(Settings(port=0, store=store, limits=limits, **settings), clock, None)
    made.start()
    try:
        yield made
        assert made.app.reached == 0, "something reached the safety boundary"
    finally:
        made.stop()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Collector]:
    with collecting(tmp_path / "s.db", allow_commands=True) as made:
        yield made


@pytest.fixture
def endpoint() -> Iterator[HttpEndpoint]:
    with HttpEndpoint() as made:
        yield made


def post(collector: Collector, path: str, body: Any, key: str = "hb_live_one") -> Answer:
    return collector.request("POST", path, json.dumps(body).encode(), key=key)


def channel(collector: Collector, config: dict[str, Any], key: str = "hb_live_one") -> str:
    answer = post(collector, "/v1/alerts/channels", {"name": "c", "channel": config}, key)
    assert answer.status == 201, answer.raw
    return str(answer.json["channel_id"])


def rule(collector: Collector, channels: list[str], key: str = "hb_live_one", **fields: Any) -> str:
    answer = post(collector, "/v1/alerts/rules", {**QUEUE_RULE, "channels": channels, **fields}, key)
    assert answer.status == 201, answer.raw
    return str(answer.json["rule_id"])


def depth(collector: Collector, number: int, key: str = "hb_live_one", agent: str = "agent-1") -> None:
    payload = kind("queue_snapshot", data={"depth": number})["payload"]
    collector.store([recent("custom", payload=payload)], key, agent_id=agent)


def history(collector: Collector, key: str = "hb_live_one", **params: Any) -> list[dict[str, Any]]:
    answer = collector.get("/v1/alerts/history", key=key, **params)
    assert answer.status == 200, answer.raw
    data: list[dict[str, Any]] = answer.json["data"]
    return data


def settled(collector: Collector, alerts: int = 1, status: str | None = None) -> list[dict[str, Any]]:
    """The history once it has so many alerts and nothing in it is pending."""
    until = time.monotonic() + 20
    while True:
        found = history(collector)
        done = len(found) >= alerts and all(one["status"] != "pending" for one in found)
        if done and (status is None or found[0]["status"] == status):
            return found
        assert time.monotonic() < until, found
        time.sleep(0.02)


def test_a_webhook_gets_a_signed_body_within_two_seconds(tmp_path: Path, endpoint: HttpEndpoint) -> None:
    with collecting(tmp_path / "s.db", limits=Limits()) as served:
        secret = "correct horse battery"
        headers = {"Authorization": "Token t0k3n"}
        config = {"type": "webhook", "url": endpoint.url + "/in?x=1", "secret": secret, "headers": headers}
        rule_id = rule(served, [channel(served, config)])
        began = time.monotonic()
        depth(served, 6)
        got = endpoint.next()
        assert time.monotonic() - began < 2
        timestamp, _, digest = got.headers["hiveboard-signature"].partition(",")
        signed = timestamp.removeprefix("t=").encode() + b"." + got.body
        assert digest == "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        assert abs(int(timestamp.removeprefix("t=")) - time.time()) < 10
        body = json.loads(got.body)
        assert got.headers["authorization"] == "Token t0k3n"
        assert got.headers["idempotency-key"] == body["id"]
        assert got.path == "/in?x=1"
        assert (body["event"], body["rule_id"], body["condition"]) == ("alert.firing", rule_id, "queue_depth")
        assert (body["value"], body["threshold"], body["agent_id"]) == (6, 5, "agent-1")
        assert body["url"] == f"{served.url}/#/pipeline?agent=agent-1"
        (alert,) = settled(served)
        (delivery,) = alert["deliveries"]
        assert (alert["alert_id"], alert["status"], delivery["target"]) == (
            body["id"],
            "delivered",
            endpoint.url,
        )
        assert [(one["delivered"], one["status_code"]) for one in delivery["attempts"]] == [(True, 200)]


def test_slack_gets_text_and_blocks_in_which_nothing_can_be_smuggled(
    served: Collector, endpoint: HttpEndpoint
) -> None:
    rule(served, [channel(served, {"type": "slack", "url": endpoint.url + "/services/T0/B0/xyz"})])
    depth(served, 6, agent="<!channel> <http://evil|ok> *b*")
    got = endpoint.next()
    body = json.loads(got.body)
    assert got.path == "/services/T0/B0/xyz"
    assert body["text"].startswith("\U0001f7e0 The queue of agent &lt;!channel&gt;")
    assert [block["type"] for block in body["blocks"]] == ["section", "section", "context", "actions"]
    assert "<" not in got.body.decode()
    assert body["blocks"][3]["elements"][0]["url"].startswith(
        served.url + "/#/pipeline?agent=%3C%21channel%3E"
    )


def test_email_is_plain_text_with_html_beside_it(served: Collector) -> None:
    with smtp_server() as box:
        config = {
            "type": "email", "to": ["ops@example.com", "oncall@example.com"], "sender": "hive@example.com",
            "smtp": {"host": "127.0.0.1", "port": box.port, "security": "none"},
        }  # fmt: skip
        rule(served, [channel(served, config)], severity="critical")
        depth(served, 6, agent="a\r\nBcc: all@example.com <b>é")
        envelope = box.received.get(timeout=15)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        assert envelope.rcpt_tos == ["ops@example.com", "oncall@example.com"]
        assert message["Subject"] == "[critical] The queue of agent a Bcc: all@example.com <b>é is long"
        assert message["Bcc"] is None
        plain = message.get_body(("plain",))
        page = message.get_body(("html",))
        assert plain is not None
        assert page is not None
        assert "6 items wait; the limit is 5." in plain.get_content()
        assert "&lt;b&gt;" in page.get_content()
        assert "<b>" not in page.get_content()
        (alert,) = settled(served)
        assert alert["alert_id"] in message["Message-ID"]
        assert alert["status"] == "delivered"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="a certificate is made with openssl")
def test_email_over_starttls_with_a_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    certificate = make_certificate(tmp_path)
    with smtp_server(certificate) as box, collecting(tmp_path / "s.db") as served:
        smtp = {"host": "localhost", "port": box.port, "username": "u", "password": "pass word"}
        config = {"type": "email", "to": ["o@example.com"], "sender": "h@example.com", "smtp": smtp}
        path = f"/v1/alerts/channels/{channel(served, config)}"
        refused = post(served, path + "/test", None).json["deliveries"][0]
        assert refused["status"] == "failed"
        assert "certificate is not accepted" in refused["error"]
        assert box.logins == [], "nothing is said to a server that cannot prove who it is"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert post(served, path + "/test", None).json["status"] == "delivered"
        assert box.logins == [(b"u", b"pass word")]
        assert box.received.get(timeout=5).rcpt_tos == ["o@example.com"]
        served.request(
            "PATCH", path, json.dumps({"channel": config | {"smtp": smtp | {"password": "wrong"}}}).encode()
        )
        refused = post(served, path + "/test", None).json["deliveries"][0]
        assert (refused["status"], refused["attempts"][0]["status_code"]) == ("failed", 535)
        assert "pass" not in refused["error"].replace("password", "")
        assert "pass word" not in caplog.text


def test_starttls_is_not_left_out_when_the_server_does_not_offer_it(served: Collector) -> None:
    with smtp_server() as box:
        smtp = {"host": "127.0.0.1", "port": box.port, "username": "u", "password": "p"}
        config = {"type": "email", "to": ["o@example.com"], "sender": "h@example.com", "smtp": smtp}
        tested = post(served, f"/v1/alerts/channels/{channel(served, config)}/test", None).json
        assert tested["status"] == "failed"
        assert "STARTTLS" in tested["deliveries"][0]["error"]
        assert box.received.empty()


def test_a_mail_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not(served: Collector) -> None:
    with smtp_server() as box:
        smtp = {"host": "127.0.0.1", "port": box.port, "security": "none"}
        config = {"type": "email", "to": ["o@example.com"], "sender": "h@example.com", "smtp": smtp}
        rule(served, [channel(served, config)])
        box.refusals = ["451 come back later"]
        depth(served, 6)
        codes = [one["status_code"] for one in settled(served)[0]["deliveries"][0]["attempts"]]
        assert codes == [451, 250]
        depth(served, 0)
        box.refusals = ["554 go away", "250 never reached"]
        depth(served, 6, agent="b")
        found = settled(served, 2, "failed")[0]
        assert [one["status_code"] for one in found["deliveries"][0]["attempts"]] == [554]


def program(folder: Path, lines: str) -> list[str]:
    script = folder / "program.py"
    script.write_text("import json, os, sys, time\n" + lines)
    return [sys.executable, str(script)]


def test_a_command_gets_json_and_no_shell(
    served: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIVEBOARD_KEY", "hb_live_secret")
    out = tmp_path / "out.json"
    lines = (
        "told = {'alert': json.load(sys.stdin), 'argv': sys.argv[2:], 'env': sorted(os.environ)}\n"
        "open(sys.argv[1] + '.tmp', 'w').write(json.dumps(told)); os.rename(sys.argv[1] + '.tmp', sys.argv[1])"
    )
    argv = [*program(tmp_path, lines), str(out), "$(touch x); `id`"]
    rule(served, [channel(served, {"type": "command", "argv": argv})])
    depth(served, 6)
    (alert,) = settled(served)
    told = json.loads(out.read_text())
    assert told["alert"]["id"] == alert["alert_id"]
    assert told["argv"] == ["$(touch x); `id`"]
    assert not [name for name in told["env"] if name.startswith("HIVEBOARD_")]
    assert alert["deliveries"][0]["attempts"][0]["status_code"] == 0


def test_commands_that_fail_hang_or_are_missing(served: Collector, tmp_path: Path) -> None:
    def tested(lines: str, **more: Any) -> dict[str, Any]:
        config = {"type": "command", "argv": program(tmp_path, lines), **more}
        answer = post(served, f"/v1/alerts/channels/{channel(served, config)}/test", None)
        found: dict[str, Any] = answer.json["deliveries"][0]["attempts"][0]
        return found

    failed = tested("sys.stderr.write('no\\n route'); sys.exit(3)")
    assert (failed["status_code"], failed["error"]) == (3, "it ended with 3: no route")
    marker = tmp_path / "late"
    lines = f"import subprocess; subprocess.run(['sleep', '30']); open({str(marker)!r}, 'w')"
    began = time.monotonic()
    assert "longer than 0.5 s" in tested(lines, timeout_seconds=0.5)["error"]
    assert time.monotonic() - began < 5
    missing = channel(served, {"type": "command", "argv": [str(tmp_path / "nothing")]})
    answer = post(served, f"/v1/alerts/channels/{missing}/test", None).json
    assert "cannot start" in answer["deliveries"][0]["error"]
    # There is no rule whose condition it could be.
    assert (answer["rule_id"], answer["condition_type"]) == ("", "test")
    assert tested("sys.exit(0)")["delivered"] is True, "a program need not read its input"


def test_commands_are_refused_unless_the_server_allows_them(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    config = {"type": "command", "argv": program(tmp_path, "open(sys.argv[0] + '.ran', 'w')")}
    with collecting(store, allow_commands=True) as served:
        rule(served, [channel(served, config)])
    with collecting(store) as served:
        refused = post(served, "/v1/alerts/channels", {"name": "c", "channel": config})
        assert refused.status == 400
        assert "--allow-commands" in refused.json["message"]
        depth(served, 6)
        (alert,) = settled(served)
        assert alert["status"] == "failed"
        assert "--allow-commands" in alert["deliveries"][0]["error"]
    assert not (tmp_path / "program.py.ran").exists()


def test_a_server_that_fails_is_tried_again_with_the_same_id(
    served: Collector, endpoint: HttpEndpoint
) -> None:
    endpoint.answers = [(500, {}), (503, {}), (200, {})]
    rule(served, [channel(served, {"type": "webhook", "url": endpoint.url})])
    depth(served, 6)
    assert len({endpoint.next().headers["idempotency-key"] for _ in range(3)}) == 1
    (alert,) = settled(served)
    attempts = alert["deliveries"][0]["attempts"]
    assert [(one["status_code"], one["delivered"]) for one in attempts] == [
        (500, False),
        (503, False),
        (200, True),
    ]
    assert alert["status"] == "delivered"
    assert alert["deliveries"][0]["error"] is None


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_a_refusal_is_final(served: Collector, endpoint: HttpEndpoint, status: int) -> None:
    endpoint.answers = [(status, {})]
    rule(served, [channel(served, {"type": "webhook", "url": endpoint.url})])
    depth(served, 6)
    (alert,) = settled(served)
    assert (alert["status"], len(alert["deliveries"][0]["attempts"])) == ("failed", 1)
    assert alert["deliveries"][0]["error"] == f"it answered with status {status}"


def test_redirects_are_not_followed(served: Collector, endpoint: HttpEndpoint) -> None:
    with HttpEndpoint() as other:
        endpoint.answers = [(307, {"Location": other.url + "/secret-path"})]
        rule(served, [channel(served, {"type": "webhook", "url": endpoint.url})])
        depth(served, 6)
        (alert,) = settled(served)
        assert alert["deliveries"][0]["error"] == (
            f"it redirects to {other.url}, which is not followed; name the final address"
        )
        assert other.received.empty()


def test_refused_connections_and_silence_are_tried_until_it_is_enough(
    tmp_path: Path, endpoint: HttpEndpoint
) -> None:
    endpoint.answers = [None]
    limits = Limits(alert_interval_seconds=0.02, alert_timeout_seconds=0.2, alert_retry_seconds=(0.05, 0.05))
    with collecting(tmp_path / "s.db", limits=limits) as served:
        nobody = f"http://127.0.0.1:{free_port()}"
        rule(served, [channel(served, {"type": "webhook", "url": url}) for url in (nobody, endpoint.url)])
        depth(served, 6)
        (alert,) = settled(served)
        errors = [[one["error"] for one in delivery["attempts"]] for delivery in alert["deliveries"]]
        by_target = dict(zip([delivery["target"] for delivery in alert["deliveries"]], errors, strict=True))
        assert by_target[endpoint.url] == ["no answer within 0.2 s"] * 3
        assert len(by_target[nobody]) == 3
        assert "cannot connect" in by_target[nobody][0]
        assert alert["status"] == "failed"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="a certificate is made with openssl")
def test_https_needs_a_certificate_that_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = make_certificate(tmp_path)
    with HttpEndpoint(certificate) as endpoint, collecting(tmp_path / "s.db") as served:
        path = f"/v1/alerts/channels/{channel(served, {'type': 'webhook', 'url': endpoint.url})}/test"
        refused = post(served, path, None).json["deliveries"][0]
        assert "certificate is not accepted" in refused["error"]
        assert endpoint.received.empty()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert post(served, path, None).json["status"] == "delivered"
        assert json.loads(endpoint.next().body)["event"] == "alert.test"


def test_a_server_that_never_comes_to_an_end_is_given_up(tmp_path: Path) -> None:
    limits = Limits(alert_interval_seconds=0.02, alert_timeout_seconds=0.4)
    with dripping(b"2") as port, collecting(tmp_path / "s.db", limits=limits) as served:
        smtp = {"host": "127.0.0.1", "port": port, "security": "none"}
        for config in (
            {"type": "webhook", "url": f"http://127.0.0.1:{port}/"},
            {"type": "email", "to": ["o@x.org"], "sender": "h@x.org", "smtp": smtp},
        ):
            tested = post(served, f"/v1/alerts/channels/{channel(served, config)}/test", None).json
            assert tested["deliveries"][0]["error"] == "no answer within 0.4 s"
            assert tested["deliveries"][0]["attempts"][0]["duration_ms"] < 3_000
    with dripping(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 9_999) as port, collecting(tmp_path / "t.db") as served:
        path = (
            f"/v1/alerts/channels/{channel(served, {'type': 'webhook', 'url': f'http://127.0.0.1:{port}'})}"
        )
        assert "no end of its head" in post(served, path + "/test", None).json["deliveries"][0]["error"]


@pytest.mark.parametrize("answer", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 \xb2\xb2\xb2 x\r\n\r\n", b"\r\n\r\n"])
def test_what_is_no_http_is_said_to_be_none(served: Collector, answer: bytes) -> None:
    with dripping(answer) as port:
        path = (
            f"/v1/alerts/channels/{channel(served, {'type': 'webhook', 'url': f'http://127.0.0.1:{port}'})}"
        )
        assert post(served, path + "/test", None).json["deliveries"][0]["error"] == "the answer is not HTTP"


def test_one_endpoint_that_hangs_holds_up_no_other(tmp_path: Path, endpoint: HttpEndpoint) -> None:
    limits = Limits(alert_interval_seconds=0.02, alert_timeout_seconds=15)
    with HttpEndpoint() as hanging, collecting(tmp_path / "s.db", limits=limits) as served:
        hanging.answers = [None]
        rule(
            served, [channel(served, {"type": "webhook", "url": url}) for url in (hanging.url, endpoint.url)]
        )
        for number in range(5):
            depth(served, 6, agent=f"agent-{number}")
            assert json.loads(endpoint.next().body)["agent_id"] == f"agent-{number}"
        assert hanging.received.qsize() == 2, "two at a time to one target"
        hanging.released.set()


def test_an_endpoint_that_asks_for_time_is_given_it(tmp_path: Path, endpoint: HttpEndpoint) -> None:
    endpoint.answers = [(429, {"Retry-After": "120"}), (200, {})]
    now = [now_us()]
    with collecting(tmp_path / "s.db", clock=lambda: now[0]) as served:
        rule(served, [channel(served, {"type": "webhook", "url": endpoint.url})])
        depth(served, 6)
        endpoint.next()
        until = time.monotonic() + 15
        while not (waiting := history(served)[0]["deliveries"][0])["attempts"]:
            assert time.monotonic() < until
        assert waiting["status"] == "pending"
        assert waiting["next_attempt_at"] is not None
        now[0] += 100_000_000
        depth(served, 0)
        assert endpoint.received.empty()
        now[0] += 40_000_000
        endpoint.next()
        assert settled(served)[0]["status"] == "delivered"


def test_what_was_pending_goes_on_after_a_restart(tmp_path: Path, endpoint: HttpEndpoint) -> None:
    store = tmp_path / "s.db"
    endpoint.answers = [(500, {}), (200, {})]
    slow = Limits(alert_interval_seconds=0.02, alert_retry_seconds=(0.5,))
    with collecting(store, limits=slow) as served:
        rule(served, [channel(served, {"type": "webhook", "url": endpoint.url})])
        depth(served, 6)
        first = endpoint.next()
    with collecting(store) as served:
        second = endpoint.next()
        (alert,) = settled(served)
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == alert["alert_id"]
    assert [one["delivered"] for one in alert["deliveries"][0]["attempts"]] == [False, True]


def test_a_stop_while_a_delivery_hangs_is_quick_and_loses_nothing(
    tmp_path: Path, endpoint: HttpEndpoint
) -> None:
    store = tmp_path / "s.db"
    endpoint.answers = [None, (200, {})]
    with collecting(store, limits=Limits(alert_interval_seconds=0.02, alert_timeout_seconds=20)) as served:
        rule(served, [channel(served, {"type": "webhook", "url": endpoint.url})])
        depth(served, 6)
        endpoint.next()
        began = time.monotonic()
    assert time.monotonic() - began < 3
    with collecting(store) as served:
        endpoint.next()
        assert settled(served)[0]["status"] == "delivered"


def test_the_clock_tells_when_nothing_arrives(tmp_path: Path, endpoint: HttpEndpoint) -> None:
    now = [now_us()]
    with collecting(tmp_path / "s.db", clock=lambda: now[0]) as served:
        condition = {"type": "heartbeat_lost", "silent_seconds": 60}
        rule(served, [channel(served, {"type": "webhook", "url": endpoint.url})], condition=condition)
        served.store([recent("heartbeat")])
        now[0] += 59_000_000
        assert served.get("/v1/alerts/history").json["data"] == []
        now[0] += 2_000_000
        assert json.loads(endpoint.next().body)["title"] == "Agent agent-1 is silent"


def test_tenants_do_not_reach_each_others_channels(served: Collector, endpoint: HttpEndpoint) -> None:
    live = channel(served, {"type": "webhook", "url": endpoint.url + "/live"})
    rule(served, [live])
    refused = post(served, "/v1/alerts/rules", {**QUEUE_RULE, "channels": [live]}, "hb_test_one")
    assert refused.status == 400
    rule(
        served,
        [channel(served, {"type": "webhook", "url": endpoint.url + "/test"}, "hb_test_one")],
        "hb_test_one",
    )
    depth(served, 6, "hb_test_one")
    assert endpoint.next().path == "/test"
    assert history(served) == []
    assert served.get(f"/v1/alerts/channels/{live}", key="hb_test_one").status == 404
    assert len(history(served, "hb_test_one")) == 1
