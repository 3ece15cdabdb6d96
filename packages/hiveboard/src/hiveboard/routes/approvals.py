"""Approval requests: which there are, what became of one (waiting for it, if asked to), and answering it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct
from starlette.requests import ClientDisconnect

from hiveboard.errors import ApiError, NotFoundError
from hiveboard.fleet import silence_in
from hiveboard.ingest.wire import WireEvent
from hiveboard.instant import format_instant
from hiveboard.projections.approval import APPROVAL_STATUSES, ApprovalView, approval_status, approval_view
from hiveboard.store.rows import ApprovalRow
from hiveboard.store.waiting import ApprovalFilter

from .acting import act_id, store_act
from .paging import CURSOR, LIMIT, Pagination, read_cursor, write_cursor
from .params import choice, integer, text
from .table import Context, Endpoint

if TYPE_CHECKING:
    from starlette.types import Receive

__all__ = ["ENDPOINTS"]

_MAX_WAIT_SECONDS = 60
#: Who asks to wait for a run that seems lost shows that it is not.
_OPEN = ("pending", "lost")


class ApprovalPage(Struct):
    """A page of approval requests."""

    data: list[ApprovalView]
    pagination: Pagination


class Decision(Struct, kw_only=True, forbid_unknown_fields=True):
    """An answer. Without ``approved_by`` it is signed with the name of the key."""

    decision: Literal["approved", "rejected"]
    approved_by: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    reason: Annotated[str, Meta(max_length=2_000)] | None = None


async def list_approvals(context: Context) -> ApprovalPage:
    """Pending ones first, the oldest of them at the top; then the others from the newest on."""
    params, status, limit = context.params, context.params["status"], context.params["limit"]
    after = read_cursor("approvals", params["cursor"], tuple[bool, int, str])
    silence = await silence_in(context.store, context.tenant, context.services.clock())
    rows: list[ApprovalRow] = []
    # One row more than asked for tells whether there is another page.
    for pending in (True, False):
        is_past = pending and after is not None and not after[0]
        if is_past or status not in (None, *(("pending",) if pending else APPROVAL_STATUSES[1:])):
            continue
        want = ApprovalFilter(
            pending=pending,
            agent_id=params["agent_id"],
            task_id=params["task_id"],
            project_id=params["project_id"],
            environment=params["environment"],
            group=params["group"],
            statuses=() if pending or status is None else (status,),
            after=after[1:] if after is not None and after[0] == pending else None,
            limit=limit + 1 - len(rows),
        )
        rows += await context.store.approvals(context.tenant, want, silence)
        if len(rows) > limit:
            break
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    position = None if last is None else (approval_status(last) == "pending", last.ts, last.event_id)
    return ApprovalPage([_view(context, row) for row in page], write_cursor("approvals", position))


async def get_approval(context: Context) -> ApprovalView:
    """One request; with ``wait`` the answer comes when it is decided or expired, or after so many seconds."""
    row = await _find(context)
    seconds = 0 if context.request.method == "HEAD" else context.params["wait"]
    if seconds and approval_status(row) in _OPEN:
        row = await _decided(context, row, seconds)
    return _view(context, row)


async def answer(context: Context) -> ApprovalView:
    """Decide a request: one ``approval_received`` is stored, and whoever waits goes on."""
    decision = await context.read(Decision)
    async with context.services.hub.waiters.deciding:
        row = await _find(context)
        _require_pending(context, row)
        await _store(context, row, decision)
        row = await _find(context)
    if row.answer_event != _answer_id(context, row):
        # An agent's own answer came in between, and was first.
        _require_pending(context, row)
    return _view(context, row)


async def _store(context: Context, row: ApprovalRow, decision: Decision) -> None:
    by = decision.approved_by or context.caller.name or None
    data = {
        "decision": decision.decision,
        "approved_by": by,
        "reason": decision.reason,
        "approval_id": row.approval_id or row.event_id,
    }
    event = WireEvent(
        event_id=_answer_id(context, row),
        # An agent whose clock is ahead has not asked after it was answered.
        timestamp=format_instant(max(context.services.clock(), row.ts)),
        event_type="approval_received",
        project_id=row.project_id,
        task_id=row.task_id,
        task_run_id=row.task_run_id or None,
        parent_event_id=row.event_id,
    )
    payload = {
        "summary": f"{decision.decision} by {by}" if by else decision.decision,
        "data": {name: value for name, value in data.items() if value is not None},
    }
    await store_act(
        context, event, payload, agent_id=row.agent_id, environment=row.environment, group=row.group
    )


def _answer_id(context: Context, row: ApprovalRow) -> str:
    return act_id("approval", context.tenant, row.event_id)


def _require_pending(context: Context, row: ApprovalRow) -> None:
    """Raise 409 for a request that is decided, saying who did it, or whose run ended."""
    view = _view(context, row)
    status = view.status
    # A run that is lost may be taken up by another process, which then finds the answer.
    if status in _OPEN:
        return
    if status == "expired":
        raise ApiError(
            "nobody waits for this answer any more: the run ended",
            code="expired",
            status=409,
            details={"status": status, "expired_at": view.expired_at},
        )
    who = f" by {view.approved_by}" if view.approved_by else ""
    raise ApiError(
        f"this was decided already: {view.decision or 'answered'}{who} at {view.decided_at}",
        code="already_decided",
        status=409,
        details={
            "status": status,
            "decision": view.decision,
            "approved_by": view.approved_by,
            "decided_at": view.decided_at,
        },
    )


async def _find(context: Context) -> ApprovalRow:
    approval_id, store, tenant = context.params["approval_id"], context.store, context.tenant
    silence = await silence_in(store, tenant, context.services.clock())
    row = await store.approval(tenant, approval_id, silence)
    if row is None:
        raise NotFoundError(
            f"there is no approval request {approval_id[:64]!r} here", code="approval_not_found"
        )
    return row


async def _decided(context: Context, row: ApprovalRow, seconds: int) -> ApprovalRow:
    """The request as it is once something became of it, or after so many seconds."""
    waiters = context.services.hub.waiters
    gone = asyncio.create_task(_until_gone(context.request.receive))
    stop_listening = None
    try:
        with waiters.hold(context.tenant, row) as waiter:
            stop_listening = context.services.gate.on_end(context.caller, waiter.end)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    # Once more, now that nothing that happens is missed.
                    row = await _find(context)
                    while approval_status(row) in _OPEN and not (waiters.closed or waiter.ended):
                        await _moved(waiter.wake, gone)
                        row = await _find(context)
    finally:
        gone.cancel()
        if stop_listening is not None:
            stop_listening()
    return row


async def _moved(wake: asyncio.Event, gone: asyncio.Task[None]) -> None:
    """Until something may have changed. Raises ClientDisconnect when nobody is there to hear of it."""
    waking = asyncio.create_task(wake.wait())
    try:
        await asyncio.wait((waking, gone), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waking.cancel()
    if gone.done():
        raise ClientDisconnect
    wake.clear()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _view(context: Context, row: ApprovalRow) -> ApprovalView:
    listens = context.services.hub.waiters.listens(context.tenant, row.event_id)
    return approval_view(row, context.services.clock(), listens)


_FILTERS = (
    text("agent_id", "Only requests of this agent."),
    text("task_id", "Only requests of this task."),
    text("project_id", "Only requests of this project."),
    text("environment", "Only requests made in this environment."),
    text("group", "Only requests made in this group."),
    choice("status", "Only requests in this state.", APPROVAL_STATUSES),
)

ENDPOINTS = (
    Endpoint(
        "GET", "/v1/approvals", list_approvals, ApprovalPage,
        "Approval requests: those that wait for an answer first, the oldest at the top; then the others, newest first.",
        (*_FILTERS, LIMIT, CURSOR), errors=(400,),
    ),
    Endpoint(
        "GET", "/v1/approvals/{approval_id:id}", get_approval, ApprovalView,
        "One approval request; with `wait` it is answered as soon as it is decided or expired. Any key may ask: an "
        "agent with a key that only sends hears what became of its request.",
        (integer("wait", "Seconds to wait for a decision.", minimum=0, maximum=_MAX_WAIT_SECONDS, default=0),),
        needs="any", errors=(400, 404, 429),
    ),
    Endpoint(
        "POST", "/v1/approvals/{approval_id:id}", answer, ApprovalView,
        "Approve or reject: stores one `approval_received` and releases who waits for it; 409 says who was first.",
        needs="write", body=Decision, errors=(400, 403, 404, 408, 409, 413, 415, 429),
    ),
)  # fmt: skip
