"""Random events that touch every summary, how they come in, and a check that ties keep their order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import msgspec
from hiveboard.ingest.decode import decode_batch
from hiveboard.ingest.judge import Judge
from hiveboard.pricing import PriceBook
from hiveboard.settings import Limits
from hiveboard.store.records import Batch
from hypothesis import strategies as st

from .conftest import event, kind

__all__ = ["batch_of", "batches_of", "equal_times_in_order", "event_lists"]

PRICES = PriceBook()
RECEIVED = 1_800_000_000_000_000
tasks = st.sampled_from(
    [{}, {"task_id": "t1", "task_run_id": "r1"}, {"task_id": "t1", "task_run_id": "r2"}, {"task_id": "t2"}]
)
moments = st.integers(0, 12).map(lambda step: step * 137_000)
projects = st.sampled_from([None, "p1", "p2"])
#: The process that the header of an event's batch names, when the batch came in, and the environment it came from.
arrivals = st.tuples(
    st.sampled_from([None, "pa", "pb"]),
    st.sampled_from([RECEIVED, RECEIVED + 1_000_000]),
    st.sampled_from(["production", "staging"]),
)


def _approval(made: str, approval_id: str | None) -> dict[str, Any]:
    data = {"decision": "approved"} if made == "approval_received" else {"approver": "x"}
    return {
        "event_type": made,
        "payload": {"summary": "?", "data": data | ({"approval_id": approval_id} if approval_id else {})},
    }


bodies = st.one_of(
    st.sampled_from(["task_started", "heartbeat", "escalated", "retry_started", "action_started"]).map(lambda name: {"event_type": name}),
    st.tuples(st.sampled_from(["task_started", "heartbeat"]), st.sampled_from(["pa", "pb"])).map(
        lambda drawn: {"event_type": drawn[0], "payload": {"hiveloop": {"process": drawn[1]}}}
    ),
    st.tuples(st.sampled_from(["s1", "s2"]), st.sampled_from(["u1", None])).map(
        lambda drawn: {"event_type": "task_started", "payload": {"session_id": drawn[0], "user_id": drawn[1]}}
    ),
    st.tuples(st.sampled_from(["task_completed", "task_failed"]), st.sampled_from([None, "success", "cancelled"]), st.sampled_from([None, 5, 900])).map(
        lambda drawn: {"event_type": drawn[0], "status": drawn[1], "duration_ms": drawn[2]}
    ),
    st.tuples(st.sampled_from(["action_completed", "action_failed"]), st.booleans()).map(
        lambda drawn: {"event_type": drawn[0], "payload": {"action_name": "search", "success": drawn[1]}}
    ),
    st.tuples(st.sampled_from(["m1", "m2"]), st.sampled_from([None, 0.1, 0.2, 1e-9]), st.integers(0, 9)).map(
        lambda drawn: kind("llm_call", data={"name": "n", "model": drawn[0], "cost": drawn[1], "tokens_in": drawn[2]})
    ),
    st.sampled_from(["reported", "resolved", "dismissed", "reopened"]).map(lambda action: kind("issue", summary="CRM 403", data={"severity": "low", "action": action})),
    st.tuples(st.sampled_from(["created", "completed"]), st.sampled_from(["a", "b"])).map(lambda drawn: kind("todo", data={"todo_id": drawn[1], "action": drawn[0]})),
    st.integers(0, 3).map(lambda depth: kind("queue_snapshot", data={"depth": depth})),
    st.just(kind("runtime", data={"event": "agent_stopped"})),
    st.tuples(st.sampled_from(["approval_requested", "approval_received"]), st.sampled_from([None, "x", "y"])).map(lambda drawn: _approval(*drawn)),
    st.integers(1, 9).map(lambda seconds: {"event_type": "agent_registered", "payload": {"data": {"stuck_threshold": seconds}}}),
)  # fmt: skip


@st.composite
def event_lists(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to fourteen events in the order they are sent; ``arrival`` is how each comes in."""
    drawn = draw(
        st.lists(
            st.tuples(bodies, tasks, moments, projects, st.sampled_from(["a1", "a2"]), arrivals),
            min_size=1,
            max_size=14,
        )
    )
    made = []
    for number, (body, task, at, project, agent, arrival) in enumerate(drawn):
        base = event("custom", at, **task, project_id=project, agent_id=agent)
        made.append(
            base
            | {key: value for key, value in body.items() if key not in ("event_id", "timestamp")}
            | {"event_id": f"e{number}", "arrival": arrival}
        )
    return made


def batch_of(
    events: list[dict[str, Any]],
    received_at: int = RECEIVED,
    *,
    process: str | None = None,
    environment: str | None = None,
    tenant: str = "live",
) -> Batch:
    """What a request with these events gives the store."""
    envelope = {"agent_id": "a", "agent_version": "1", "environment": environment}
    body = msgspec.json.encode({"envelope": envelope, "events": events})
    judged = Judge(Limits(), PRICES).judge(decode_batch(body, Limits()), tenant, received_at)
    assert judged.refusals == []
    judged.batch.origin = msgspec.structs.replace(judged.batch.origin, process=process)
    return judged.batch


def _arrival(made: dict[str, Any]) -> tuple[str | None, int, str | None]:
    found: tuple[str | None, int, str | None] = made.get("arrival", (None, RECEIVED, None))
    return found


def batches_of(events: list[dict[str, Any]], tenant: str = "live") -> Iterator[Batch]:
    """The batches that these events come in: neighbours of the same arrival share one."""
    for (process, received_at, environment), group in itertools.groupby(events, _arrival):
        yield batch_of(list(group), received_at, process=process, environment=environment, tenant=tenant)


def equal_times_in_order(arriving: list[dict[str, Any]], sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The arriving events, except that those of one and the same time come as they were sent: there the order counts."""
    by_time: dict[str, list[dict[str, Any]]] = {}
    for one in sent:
        by_time.setdefault(one["timestamp"], []).append(dict(one))
    return [by_time[one["timestamp"]].pop(0) for one in arriving]
