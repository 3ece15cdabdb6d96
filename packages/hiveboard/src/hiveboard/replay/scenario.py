"""The packaged batches: what each agent of the demo fleet sends, as functions of the moment they end at."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from hiveboard.instant import format_instant

__all__ = ["EXPECTED", "Batch", "history", "one_run"]

Batch = dict[str, Any]
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND

#: What must be read back after :func:`history`: agent -> (status, tasks).
EXPECTED: dict[str, tuple[str, int]] = {
    "invoice-processor": ("error", 3),
    "lead-qualifier": ("processing", 4),
    "refund-desk": ("waiting_approval", 2),
    "support-triage": ("idle", 4),
}


class Recorder:
    """Writes events of one agent; ``at`` moves on with every one of them."""

    def __init__(self, agent_id: str, agent_type: str, version: str, at: int) -> None:
        self.at = at
        self.events: list[dict[str, Any]] = []
        self.envelope = {
            "agent_id": agent_id,
            "agent_type": agent_type,
            "agent_version": version,
            "framework": "demo",
            "runtime": "python",
            "sdk_version": "hiveloop-1.0.0",
            "environment": "production",
            "group": "demo",
        }
        self.task: dict[str, Any] = {}

    def add(
        self, event_type: str, *, wait_ms: int = 150, payload: dict[str, Any] | None = None, **fields: Any
    ) -> None:
        """One event, ``wait_ms`` after the one before."""
        self.at += wait_ms * 1000
        event = {
            "event_id": str(uuid.uuid4()),
            "timestamp": format_instant(self.at // 1000 * 1000),
            "event_type": event_type,
            **self.task,
            **fields,
        }
        if payload is not None:
            event["payload"] = payload
        self.events.append(event)

    def custom(self, kind: str, summary: str, data: dict[str, Any], **fields: Any) -> None:
        """A custom event of a kind."""
        self.add("custom", payload={"kind": kind, "summary": summary, "data": data}, **fields)

    def register(self, stuck_threshold: int = 120) -> None:
        """The agent says who it is."""
        data = {
            "stuck_threshold": stuck_threshold,
            "heartbeat_interval": 30,
            "version": self.envelope["agent_version"],
        }
        self.add(
            "agent_registered", payload={"summary": f"{self.envelope['agent_id']} registered", "data": data}
        )

    def start(self, name: str, task_type: str, project: str, user: str) -> None:
        """A task begins; what follows belongs to it."""
        self.task = {
            "task_id": name,
            "task_run_id": str(uuid.uuid4()),
            "task_type": task_type,
            "project_id": project,
        }
        self.began = self.at
        self.add(
            "task_started",
            payload={"summary": f"Task {name} started", "user_id": user, "session_id": f"s-{user}"},
        )

    def end(self, error: tuple[str, str] | None = None, status: str = "success") -> None:
        """The task ends, well or with an exception."""
        took = (self.at - self.began) // 1000
        if error is None:
            self.add("task_completed", status=status, duration_ms=took, payload={"summary": "Task completed"})
        else:
            payload = {"summary": "Task failed", "exception_type": error[0], "exception_message": error[1]}
            self.add("task_failed", status="failure", duration_ms=took, payload=payload)
        self.task = {}

    def tool(
        self, name: str, took_ms: int, error: tuple[str, str] | None = None, call: Call | None = None
    ) -> None:
        """A tool runs, perhaps with a model call inside."""
        action: dict[str, Any] = {"action_id": str(uuid.uuid4())}
        self.add("action_started", payload={"action_name": name}, **action)
        if call is not None:
            self.llm(*call, **action)
        payload: dict[str, Any] = {"action_name": name}
        event_type, status = "action_completed", "success"
        if error is not None:
            payload |= {"exception_type": error[0], "exception_message": error[1]}
            event_type, status = "action_failed", "failure"
        self.add(event_type, wait_ms=took_ms, status=status, duration_ms=took_ms, payload=payload, **action)

    def llm(self, name: str, model: str, tokens_in: int, tokens_out: int, **fields: Any) -> None:
        """A model call without a cost: the collector estimates it."""
        took = 400 + tokens_out * 6
        data = {
            "name": name,
            "model": model,
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "duration_ms": took,
            "prompt_preview": f"You are {self.envelope['agent_id']}. {name.replace('_', ' ').capitalize()}.",
            "response_preview": "Done; the details are in the record.",
        }
        summary = f"{name} → {model} ({tokens_in} in / {tokens_out} out)"
        self.custom("llm_call", summary, data, wait_ms=took, **fields)

    def batch(self) -> Batch:
        """What was written so far, and a fresh page."""
        events, self.events = self.events, []
        return {"envelope": self.envelope, "events": events}


Call = tuple[str, str, int, int]


def _qualify(agent: Recorder, name: str, *, finish: bool = True) -> None:
    agent.start(name, "lead_qualification", "sales", "maria")
    steps = ["Read the lead", "Look up the company", "Score and route"]
    listed = [{"index": index, "description": text} for index, text in enumerate(steps)]
    agent.custom(
        "plan_created", "Qualify the lead", {"goal": "Qualify the lead", "steps": listed, "revision": 0}
    )
    agent.llm("read_lead", "gpt-4o-mini", 1240, 88)
    _step(agent, 0, "completed", 3)
    _step(agent, 1, "started", 3)
    agent.tool("crm_lookup", 320, call=("summarise_company", "claude-sonnet-4-5", 2210, 164))
    if finish:
        _step(agent, 1, "completed", 3)
        agent.llm("score_lead", "gpt-4o", 1890, 96)
        _step(agent, 2, "completed", 3)
        agent.end()


def _step(agent: Recorder, index: int, action: str, total: int) -> None:
    data = {"step_index": index, "total_steps": total, "action": action, "plan_revision": 0}
    agent.custom("plan_step", f"Step {index} {action}", data)


def _triage(agent: Recorder, name: str, *, retry: bool = False) -> None:
    agent.start(name, "ticket_triage", "support", "jonas")
    agent.llm("classify_ticket", "gpt-4o-mini", 930, 42)
    if retry:
        error = ("RateLimitError", "429 Too Many Requests from the ticket system")
        agent.tool("fetch_ticket", 210, error=error)
        data = {"attempt": 1, "backoff_seconds": 2, "reason": error[1]}
        agent.add("retry_started", payload={"summary": "Trying again", "data": data}, severity="warn")
    agent.tool("fetch_ticket", 180)
    agent.tool("draft_reply", 90, call=("draft_reply", "claude-haiku-4-5", 1480, 210))
    agent.end()


def _invoice(agent: Recorder, name: str, *, fail: bool = False) -> None:
    agent.start(name, "invoice_entry", "finance", "li")
    agent.tool("extract_fields", 640, call=("extract_fields", "gemini-2.5-flash", 3100, 240))
    if fail:
        error = ("ValueError", "the total 1,204.50 does not match the sum of the lines 1,240.50")
        agent.tool("check_totals", 35, error=error)
        agent.end(error)
    else:
        agent.tool("post_to_ledger", 220)
        agent.end()


def _refund(agent: Recorder, name: str, *, wait: bool = False) -> None:
    agent.start(name, "refund", "support", "amal")
    agent.llm("check_policy", "gpt-4o", 1510, 130)
    if wait:
        data = {"approver": "team lead", "reason": "above 200 EUR", "approval_id": str(uuid.uuid4())}
        agent.add("approval_requested", payload={"summary": "Refund 240 EUR to order 8812?", "data": data})
    else:
        agent.tool("issue_refund", 280)
        agent.end()


_RUNS: dict[str, tuple[str, str, Callable[[Recorder, str], None]]] = {
    "lead-qualifier": ("sales", "2.1.0", _qualify),
    "support-triage": ("support", "1.4.2", _triage),
    "invoice-processor": ("finance", "0.9.1", _invoice),
    "refund-desk": ("support", "1.0.0", _refund),
}


def _agent(agent_id: str, at: int) -> Recorder:
    agent_type, version, _ = _RUNS[agent_id]
    return Recorder(agent_id, agent_type, version, at)


def history(now: int) -> list[Batch]:
    """The last forty minutes of the fleet, as the batches its agents would have sent; ``now`` in microseconds."""
    sales = _agent("lead-qualifier", now - 40 * _MINUTE)
    sales.register()
    for number in range(3):
        _qualify(sales, f"lead-{4711 + number}")
        sales.at += 9 * _MINUTE
    sales.at = now - 8 * _SECOND
    _qualify(sales, "lead-4714", finish=False)

    support = _agent("support-triage", now - 35 * _MINUTE)
    support.register()
    for number in range(4):
        _triage(support, f"ticket-{900 + number}", retry=number == 2)
        support.at += 7 * _MINUTE
    items = [{"id": "t-905", "priority": "high", "source": "mail", "summary": "Login fails after the update"}]
    support.custom("queue_snapshot", "Queue: 3 items", {"depth": 3, "oldest_age_seconds": 94, "items": items})
    support.custom(
        "todo",
        "Ask billing about order 8812",
        {"todo_id": "todo-1", "action": "created", "priority": "normal"},
    )
    support.custom(
        "scheduled",
        "1 scheduled item",
        {"items": [{"id": "digest", "name": "Daily digest", "interval": "24h"}]},
    )

    finance = _agent("invoice-processor", now - 30 * _MINUTE)
    finance.register()
    for number in range(3):
        _invoice(finance, f"invoice-2026-{118 + number}", fail=number == 2)
        finance.at += 8 * _MINUTE
    issue = {"severity": "high", "action": "reported", "category": "data_quality"}
    finance.custom("issue", "Supplier 77 sends invoices with wrong totals", issue)

    refunds = _agent("refund-desk", now - 20 * _MINUTE)
    refunds.register()
    _refund(refunds, "refund-311")
    refunds.at = now - 90 * _SECOND
    _refund(refunds, "refund-312", wait=True)

    agents = [sales, support, finance, refunds]
    for agent in agents:
        agent.at = min(agent.at, now - 2 * _SECOND)
        agent.add("heartbeat", severity="debug")
    return [agent.batch() for agent in agents]


def one_run(chance: random.Random, now: int) -> Iterator[Batch]:
    """One more finished run of some agent, in the pieces its SDK would send; the first call is at ``now``."""
    agent_id = chance.choice(list(_RUNS))
    agent = _agent(agent_id, now)
    _RUNS[agent_id][2](agent, f"{agent_id}-{chance.randrange(10_000, 99_999)}")
    agent.add("heartbeat", severity="debug")
    events = agent.batch()["events"]
    for start in range(0, len(events), 4):
        yield {"envelope": agent.envelope, "events": events[start : start + 4]}
