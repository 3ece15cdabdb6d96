"""One scene per event type: what the SDK sends when an agent lives, works, fails and asks."""

from __future__ import annotations

from tests.wire.stage import Stage

PREFIX = "type"


class _CardDeclinedError(Exception):
    """What goes wrong in these scenes."""


def agent_registered(stage: Stage) -> None:
    stage.agent.configure(version="2.4.0", heartbeat_interval=15, stuck_threshold=120)


def heartbeat(stage: Stage) -> None:
    stage.agent.configure(
        heartbeat_payload=lambda: {"orders_today": 17, "backlog": {"refunds": 3}},
        queue_provider=lambda: {"depth": 3, "oldest_age_seconds": 41, "processing": None},
    )
    stage.task()
    stage.agent.beat()


def task_started(stage: Stage) -> None:
    stage.agent.start_task(
        "order-42",
        project="returns",
        type="refund",
        task_run_id="run-1",
        correlation_id="case-7",
        session_id="chat-9",
        user_id="user-3",
        user_group="beta",
        inputs={"order": 42, "reason": "arrived broken"},
        metadata={"channel": "mail"},
    )


def task_completed(stage: Stage) -> None:
    task = stage.task()
    task.set_payload({"refunded": 12.5, "currency": "EUR"})
    task.complete()


def task_failed(stage: Stage) -> None:
    stage.task().fail(_CardDeclinedError("card 1234 declined"), payload={"http_status": 402})


def action_started(stage: Stage) -> None:
    stage.task()
    with stage.agent.track_context("outer"):
        stage.forget()
        stage.agent.track_context("lookup_order").begin()


def action_completed(stage: Stage) -> None:
    stage.task()

    @stage.agent.track("lookup_order")
    def _lookup(order: int) -> str:
        stage.forget()
        return f"order {order}"

    _lookup(42)


def action_failed(stage: Stage) -> None:
    stage.task()
    try:
        with stage.agent.track_context("refund_card") as action:
            action.set_payload({"args": {"amount": 12.5}})
            stage.forget()
            raise _CardDeclinedError("card 1234 declined")
    except _CardDeclinedError:
        pass


def retry_started(stage: Stage) -> None:
    stage.task().retry("The card service timed out", attempt=2, backoff_seconds=1.5, reason="timeout")


def escalated(stage: Stage) -> None:
    stage.task().escalate("Refund above the limit", assigned_to="team-lead", reason="12 500 EUR")


def approval_requested(stage: Stage) -> None:
    stage.task().request_approval("Refund 12 500 EUR?", approver="team-lead", reason="above the limit")


def approval_received(stage: Stage) -> None:
    task = stage.task()
    task.request_approval("Refund 12 500 EUR?", approver="team-lead")
    stage.forget()
    task.approval_received("Go ahead", approved_by="sam", decision="approved")


def custom(stage: Stage) -> None:
    stage.task().event(
        "custom", payload={"kind": "note", "summary": "A note", "data": {"page": 3}, "tags": ["own"]}
    )
