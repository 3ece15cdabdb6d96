"""Scenes at the edges: what programs really pass. The event always arrives, within the limits."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import hiveloop

from tests.wire.stage import Stage

PREFIX = "edge"


def unencodable_values(stage: Stage) -> None:
    circle: dict[str, object] = {}
    circle["self"] = circle
    stage.task().event(
        "custom",
        payload={
            "kind": "note",
            "data": {
                "lock": threading.Lock(),
                "nan": float("nan"),
                "infinite": float("inf"),
                "huge": 2**80,
                "surrogate": "\ud800",
                "bytes": b"\x00\xff",
                "circle": circle,
                "set": {3},
                7: "a number as key",
            },
        },
    )


def oversized_values(stage: Stage) -> None:
    task = stage.task()
    task.set_payload({"report": "x" * 100_000, "rows": [f"row {n}" for n in range(100)], "kept": "short"})
    task.complete()


def oversized_script(stage: Stage) -> None:
    """Three bytes a character here, six where a collector counts escaped JSON."""
    task = stage.task()
    task.set_payload({"report": "返" * 12_000})
    task.complete()


def long_texts(stage: Stage) -> None:
    stage.agent.report_issue("s" * 2_000, "critical", issue_id="i" * 1_000)
    stage.agent.start_task("t" * 1_000).complete()


def nothing_known(stage: Stage) -> None:
    task = stage.task()
    task.llm_call("ask", "some-model", tokens_in=None, tokens_out=None, cost=None, prompt_preview=None)
    task.escalate(reason="beyond me")
    task.request_approval(approver="team-lead", reason="above the limit")
    task.approval_received(approved_by="sam", decision="rejected")
    task.retry(3)


def nothing_recommended(stage: Stage) -> None:
    """Fields that readers want and these calls lack: stored all the same, and the collector says so."""
    task = stage.task()
    task.llm_call("ask")
    task.plan_step(0, "started")


def numbers_as_text(stage: Stage) -> None:
    """What made the published collector answer 500: tokens and costs that are not numbers."""
    task = stage.task()
    task.llm_call("ask", "m", tokens_in="1200", tokens_out="many", cost="0.01", duration_ms=12.7)  # type: ignore[arg-type]
    task.plan("Goal", [{"description": "A step as an object"}, 7])


def flat_approvals(stage: Stage) -> None:
    """The integration guide's form outside a task: no `data` object."""
    stage.agent.event("approval_requested", payload={"summary": "Start?", "approver": "human"})
    stage.agent.event(
        "approval_received", payload={"summary": "Yes", "approved_by": "sam", "decision": "approved"}
    )


def unknown_event_type(stage: Stage) -> None:
    stage.task().event("tool_used", {"summary": "Used a tool", "tool": "lookup_order"})


def tool_result(stage: Stage) -> None:
    stage.task()
    with stage.agent.track_context("lookup_order") as action:
        action.set_payload(
            hiveloop.tool_payload(
                args={"order": 42},
                result="r" * 5_000,
                success=False,
                error="not found",
                duration_ms=18,
                tool_category="orders",
                http_status=404,
                result_size_bytes=5_000,
            )
        )


def cancelled_work(stage: Stage) -> None:
    async def _main() -> None:
        async with stage.agent.task("order-43", task_run_id="run-2"):
            with stage.agent.track_context("wait"):
                raise asyncio.CancelledError

    with asyncio.Runner() as runner:
        with contextlib.suppress(asyncio.CancelledError):
            runner.run(_main())


def other_scripts(stage: Stage) -> None:
    stage.agent.todo("жук-1", "created", "返金する 🧾 \u202e\u0000 <script>alert(1)</script>")
