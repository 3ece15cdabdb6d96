"""The courier when something else than an endpoint fails: a full queue, a store that refuses, a bug, a lost channel."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hiveboard.alerts import condition as c
from hiveboard.alerts import courier as courier_module
from hiveboard.alerts.alert import Alert
from hiveboard.alerts.channel import Webhook
from hiveboard.alerts.outcome import Outcome
from hiveboard.store import StoreFailedError

from .alert_bench import Bench, bench


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path / "s.db") as made:
        yield made


async def fails(desk: Bench, *task_ids: str) -> None:
    channel = await desk.channel(Webhook(url="http://127.0.0.1:9/"))
    await desk.rule(c.TaskFailed(), channels=[channel])
    await desk.tell(*(desk.happens("task_failed", task_id=one, task_run_id="r") for one in task_ids))
    await desk.look()


async def settle(desk: Bench) -> list[Alert]:
    """Everything that is due was tried once; then the history."""
    courier = desk.service.courier
    courier.step()
    while courier._running:
        await asyncio.wait(courier._running)
        courier.step()
    return [alert async for alert in desk.service.repository.alerts("live")]


def answers(desk: Bench, monkeypatch: pytest.MonkeyPatch, *outcomes: Outcome | Exception) -> list[str]:
    """Have the endpoint behave so, one try after the other, the last for ever; returns the ids of what was sent."""
    left, sent = list(outcomes), list[str]()

    async def send(alert: Alert, *values: Any) -> Outcome:
        sent.append(alert.id)
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(desk.service.sender, "send", send)
    return sent


async def test_tries_become_rarer_and_end(desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = answers(desk, monkeypatch, Outcome(error="down", may_retry=True))
    await fails(desk, "t")
    tries = []
    for _ in range(8_000):
        before = len(sent)
        (alert,) = await settle(desk)
        if len(sent) > before:
            tries.append(desk.clock())
        if alert.deliveries[0].status != "pending":
            break
        desk.clock.forward(1)
    assert alert.deliveries[0].status == "failed"
    waits = [(later - earlier) / 1e6 for earlier, later in itertools.pairwise(tries)]
    wanted = (5, 15, 60, 300, 900, 1_800)
    assert [
        wait == pytest.approx(want, rel=0.12, abs=1) for wait, want in zip(waits, wanted, strict=True)
    ] == [True] * 6


async def test_a_bug_ends_the_delivery_and_is_logged(
    desk: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answers(desk, monkeypatch, ZeroDivisionError("secret detail"), Outcome(delivered=True))
    await fails(desk, "1", "2")
    found = await settle(desk)
    assert sorted(alert.deliveries[0].status for alert in found) == ["delivered", "failed"]
    assert "failed unexpectedly" in caplog.text
    errors = [attempt.error for alert in found for attempt in alert.deliveries[0].attempts if attempt.error]
    assert errors == ["something went wrong in the collector; its log has the details"]


async def test_a_store_that_cannot_be_read_delays_and_loses_nothing(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = answers(desk, monkeypatch, Outcome(delivered=True))
    await fails(desk, "t")

    async def broken(*values: Any) -> None:
        raise StoreFailedError("busy")

    with monkeypatch.context() as patch:
        patch.setattr(desk.service.repository, "channel", broken)
        await settle(desk)
    assert sent == []
    await settle(desk)
    assert sent == [], "not at once"
    desk.clock.forward(6)
    (alert,) = await settle(desk)
    assert (len(sent), alert.deliveries[0].status) == (1, "delivered")


async def test_a_store_that_cannot_note_how_it_went_is_no_reason_to_send_again(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = answers(desk, monkeypatch, Outcome(delivered=True))
    await fails(desk, "t")

    async def broken(*values: Any) -> None:
        raise StoreFailedError("disk full")

    monkeypatch.setattr(desk.service.repository, "put_alert", broken)
    await settle(desk)
    desk.clock.forward(60)
    await settle(desk)
    assert len(sent) == 1


async def test_a_channel_that_is_gone_and_an_alert_of_yesterday_are_cancelled(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = answers(desk, monkeypatch, Outcome(error="down", may_retry=True))
    await fails(desk, "t")
    await settle(desk)
    desk.clock.forward(86_401)
    (alert,) = await settle(desk)
    assert (len(sent), alert.deliveries[0].status) == (1, "cancelled")
    await desk.tell(desk.happens("task_failed", task_id="u", task_run_id="r"))
    await desk.look()
    await desk.service.repository.delete_channel("live", "channel")
    newest = (await settle(desk))[0]
    assert (newest.task_id, newest.deliveries[0].status, len(sent)) == ("u", "cancelled", 1)


async def test_the_queue_has_an_end(desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier_module, "_MAX_WAITING", 2)
    answers(desk, monkeypatch, Outcome(delivered=True))
    await fails(desk, "1", "2", "3")
    found = await settle(desk)
    assert sorted(alert.deliveries[0].status for alert in found) == ["delivered", "delivered", "failed"]
    (refused,) = [alert.deliveries[0] for alert in found if alert.deliveries[0].status == "failed"]
    assert refused.attempts[0].error == "2 deliveries wait already"
