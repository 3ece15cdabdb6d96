"""The snippets of the integration guide for agent frameworks, Layers 0 to 4: real code, whose events are of the catalogue."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import hashlib
import json
import logging
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import hiveloop
import pytest
from hiveloop import tool_payload
from hiveloop.contrib.log_handler import HiveBoardLogHandler
from hiveloop.events import EVENT_TYPES
from hiveloop.payloads import CUSTOM_PAYLOADS
from hiveloop.plumbing import (
    clear_current_task,
    clear_hiveloop_agent,
    get_current_task,
    get_hiveloop_agent,
    set_current_task,
    set_hiveloop_agent,
)
from hiveloop.testing import Captured, capture_events


@pytest.fixture
def seen() -> Iterator[Captured]:
    """What the snippets sent. Whatever they do, every event is one of the catalogue."""
    hiveloop.reset()
    with capture_events() as captured:
        yield captured
        assert captured.events
        for event in captured.events:
            assert event["event_type"] in EVENT_TYPES
            if event["event_type"] == "custom":
                assert event["payload"]["kind"] in CUSTOM_PAYLOADS
    hiveloop.reset()


@pytest.fixture
def in_task(seen: Captured) -> Iterator[hiveloop.Task]:
    """Inside a task, with the reader's plumbing set."""
    agent = hiveloop.agent("sales")
    with agent.task("t-1") as task:
        set_current_task(task)
        set_hiveloop_agent(agent)
        try:
            yield task
        finally:
            clear_current_task()
            clear_hiveloop_agent()


def data(seen: Captured, kind: str) -> list[dict[str, Any]]:
    return [event["payload"]["data"] for event in seen.kinds(kind)]


def of(seen: Captured, event_type: str) -> list[dict[str, Any]]:
    return [event["payload"]["data"] for event in seen.of_type(event_type)]


# -- Layer 0: initialization and registration --


def test_initialize_the_sdk() -> None:
    hiveloop.reset()
    hb = hiveloop.init(
        api_key="hb_live_your_key_here",
        endpoint="https://127.0.0.1:9",
        environment="production",
    )
    agents = {"sales": SimpleNamespace(id="sales"), "support": SimpleNamespace(id="support")}
    _hiveloop_agents = {}
    for agent in agents.values():
        agent._hiveloop = hb.agent(agent_id=agent.id)
        _hiveloop_agents[agent.id] = hb.agent(agent_id=agent.id)
        assert _hiveloop_agents[agent.id] is agent._hiveloop
    hiveloop.shutdown(timeout=0)
    hiveloop.reset()


AGENT = SimpleNamespace(
    config=SimpleNamespace(
        version="1.2", model="claude-sonnet-4-5", max_turns=10, max_tokens=4096, temperature=0.2,
        guardrails_enabled=True,
    ),
    metrics=SimpleNamespace(
        total_tokens_in=10, total_tokens_out=2, total_cost=0.123456, error_count=1, consecutive_failures=0,
        last_error_message=None, tasks_completed=4, tasks_failed=1,
    ),
    current_model="claude-sonnet-4-5",
    tools=[SimpleNamespace(name="search")],
)  # fmt: skip


def make_heartbeat_payload(agent_obj: Any) -> Callable[[], dict[str, Any]]:
    """Build a heartbeat payload callback for an agent."""
    _boot_time = time.time()

    def payload() -> dict[str, Any]:
        return {
            # Uptime and lifecycle
            "uptime_seconds": int(time.time() - _boot_time),
            "version": agent_obj.config.version,
            # Cumulative token/cost counters (since boot)
            "total_tokens_in": agent_obj.metrics.total_tokens_in,
            "total_tokens_out": agent_obj.metrics.total_tokens_out,
            "total_cost_usd": round(agent_obj.metrics.total_cost, 4),
            # Error counters
            "total_errors": agent_obj.metrics.error_count,
            "consecutive_failures": agent_obj.metrics.consecutive_failures,
            "last_error": agent_obj.metrics.last_error_message,
            # Current state
            "current_model": agent_obj.current_model,
            "tasks_completed": agent_obj.metrics.tasks_completed,
            "tasks_failed": agent_obj.metrics.tasks_failed,
        }

    return payload


class Queue(list[Any]):
    def oldest_age_seconds(self) -> int:
        return 120


def moment() -> Any:
    return SimpleNamespace(isoformat=lambda: "2026-02-12T15:00:00Z")


QUEUE = Queue(
    [SimpleNamespace(id="evt-1", priority="high", source="human", title="Review", message="", timestamp=moment())]
)  # fmt: skip


def make_queue_provider(agent_id: str) -> Callable[[], dict[str, Any]]:
    def get_queue_for_agent(name: str) -> Queue | None:
        return QUEUE if name == "sales" else None

    def get_currently_processing(name: str) -> Any:
        return SimpleNamespace(id="evt-0", title=None, message="Working", timestamp=moment())

    def provider() -> dict[str, Any]:
        queue = get_queue_for_agent(agent_id)
        if not queue:
            return {"depth": 0}
        return {
            "depth": len(queue),
            "oldest_age_seconds": queue.oldest_age_seconds(),
            "items": [
                {
                    "id": item.id,
                    "priority": item.priority,
                    "source": item.source,
                    "summary": item.title or item.message[:80],
                    "queued_at": item.timestamp.isoformat(),
                }
                for item in queue[:10]  # cap at 10 items
            ],
            "processing": {
                "id": current.id,
                "summary": current.title or current.message[:80],
                "started_at": current.timestamp.isoformat(),
            }
            if (current := get_currently_processing(agent_id))
            else None,
        }

    return provider


def test_register_agents_with_a_rich_heartbeat_and_a_queue(seen: Captured) -> None:
    hiveloop_agent = hiveloop.agent(
        agent_id="sales",
        type="sales",
        version="claude-sonnet-4-5",
        framework="my-framework",
        heartbeat_interval=30,  # seconds between heartbeats (0 to disable)
        stuck_threshold=300,  # seconds without heartbeat before "stuck" badge
        heartbeat_payload=make_heartbeat_payload(AGENT),
        queue_provider=make_queue_provider("sales"),
    )
    hiveloop_agent.beat()
    (registered,) = of(seen, "agent_registered")
    assert (registered["type"], registered["framework"], registered["stuck_threshold"]) == (
        "sales", "my-framework", 300,
    )  # fmt: skip
    (beat,) = seen.of_type("heartbeat")
    assert (beat["payload"]["total_cost_usd"], beat["payload"]["current_model"]) == (
        0.1235,
        "claude-sonnet-4-5",
    )
    (queue,) = data(seen, "queue_snapshot")
    assert (queue["depth"], queue["items"][0]["id"], queue["processing"]["summary"]) == (
        1,
        "evt-1",
        "Working",
    )


def test_the_guard_pattern(seen: Captured) -> None:
    hiveloop_agent = hiveloop.agent("sales")
    if hiveloop_agent:
        try:
            hiveloop_agent.scheduled([])
        except Exception:
            raise AssertionError("observability must never break the agent") from None


# -- Layer 1: tasks and actions --


def generate_unique_task_id(agent_id: str, event_id: str | None = None) -> str:
    if event_id:
        return f"{agent_id}-{event_id}"
    return f"{agent_id}-{uuid.uuid4().hex[:8]}"


def execute_agent(agent: Any, message: str, event_context: dict[str, str] | None = None) -> Any:
    hiveloop_agent = agent._hiveloop  # the handle from Layer 0
    if hiveloop_agent is not None:
        task_id = generate_unique_task_id(agent.id)  # must be unique per execution
        with hiveloop_agent.task(
            task_id,
            project="my-project",
            type=event_context.get("source", "api") if event_context else "api",
        ) as task:
            # Make the task handle available deeper in the call stack
            set_current_task(task)
            set_hiveloop_agent(hiveloop_agent)
            try:
                result = agent.run(message)
            finally:
                clear_current_task()
                clear_hiveloop_agent()
        return result
    else:
        return agent.run(message)


def test_wrap_task_execution(seen: Captured) -> None:
    inside: list[Any] = []

    def run(message: str) -> str:
        inside.append((get_current_task(), get_hiveloop_agent()))
        return message.upper()

    agent = SimpleNamespace(id="sales", _hiveloop=hiveloop.agent("sales"), run=run)
    assert execute_agent(agent, "hi", {"source": "webhook"}) == "HI"
    assert inside[0][0].task_id.startswith("sales-")
    assert inside[0][1] is agent._hiveloop
    assert (get_current_task(), get_hiveloop_agent()) == (None, None)
    started, ended = seen.of_type("task_started", "task_completed")
    assert (started["project_id"], started["task_type"], ended["status"]) == (
        "my-project",
        "webhook",
        "success",
    )
    assert execute_agent(SimpleNamespace(id="x", _hiveloop=None, run=str.upper), "hi") == "HI"


def test_manual_task_life_cycle(seen: Captured) -> None:
    hiveloop_agent = hiveloop.agent("sales")
    for do_work in (lambda: 1, lambda: 1 / 0):
        task = hiveloop_agent.start_task("t", project="my-project", type="webhook")
        set_current_task(task)
        try:
            do_work()
            task.complete()  # emits task_completed
        except Exception as exc:
            task.fail(exception=exc)  # emits task_failed
        finally:
            clear_current_task()
    assert len(seen.of_type("task_completed")) == 1
    assert seen.of_type("task_failed")[0]["payload"]["exception_type"] == "ZeroDivisionError"


def test_a_plumbing_module_of_ones_own(seen: Captured) -> None:
    _current_task: contextvars.ContextVar[Any] = contextvars.ContextVar("hiveloop_task", default=None)
    with hiveloop.agent("sales").task("t") as task:
        _current_task.set(task)
        _current_task.get().event("custom", {"kind": "learning", "data": {}})
        _current_task.set(None)
    assert seen.kinds("learning")[0]["task_id"] == "t"


def test_track_key_functions(seen: Captured) -> None:
    hiveloop_agent = hiveloop.agent("sales")

    class Mind:
        @hiveloop_agent.track("reflect")
        def reflect(self, context: str) -> str:
            return context

    with hiveloop_agent.task("t"):
        assert Mind().reflect("c") == "c"
    assert seen.of_type("action_completed")[0]["payload"]["action_name"] == "reflect"


# -- Layer 2a: model calls --

COST_PER_MILLION = {
    "claude-opus-4-6": {"input": 15.00, "output": 75.00},
    "gpt-4o": {"input": 2.50, "output": 10.00},
}


def estimate_cost(model: str, tokens_in: int, tokens_out: int) -> float | None:
    rates = COST_PER_MILLION.get(model)
    if not rates:
        return None
    return (tokens_in * rates["input"] / 1_000_000) + (tokens_out * rates["output"] / 1_000_000)


RESPONSE = SimpleNamespace(
    model="gpt-4o", content="Use the CRM", stop_reason="tool_use", tool_calls=[],
    usage=SimpleNamespace(input_tokens=1500, output_tokens=200, cache_read_input_tokens=900),
)  # fmt: skip


def test_report_a_model_call(seen: Captured, in_task: hiveloop.Task) -> None:
    _start = time.perf_counter()
    response = RESPONSE
    _elapsed_ms = (time.perf_counter() - _start) * 1000
    tokens_in = response.usage.input_tokens
    tokens_out = response.usage.output_tokens
    _task = get_current_task()
    assert _task is in_task
    _task.llm_call(
        "reasoning",  # descriptive name (not the model name)
        model=response.model,  # model identifier
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost=estimate_cost(response.model, tokens_in, tokens_out),
        duration_ms=round(_elapsed_ms),
    )
    _task.llm_call("reasoning", model="unpriced", cost=estimate_cost("unpriced", 1, 1))
    first, second = data(seen, "llm_call")
    assert (first["name"], first["tokens_in"], first["cost"]) == ("reasoning", 1500, 0.00575)
    assert "cost" not in second


@pytest.mark.parametrize("log_prompts", [True, False])
def test_previews_behind_a_flag(log_prompts: bool, seen: Captured, in_task: hiveloop.Task) -> None:
    prompt, response = "p" * 500, RESPONSE
    in_task.llm_call(
        "reasoning",
        model=response.model,
        prompt_preview=prompt[:300] if log_prompts else None,
        response_preview=str(response.content)[:300] if log_prompts else None,
    )
    (call,) = data(seen, "llm_call")
    assert (len(call.get("prompt_preview", "")), "response_preview" in call) == (
        300 * log_prompts,
        log_prompts,
    )


def test_metadata_of_a_model_call(seen: Captured, in_task: hiveloop.Task) -> None:
    response, tokens_in, model_context_limit = RESPONSE, 1500, 200_000
    in_task.llm_call(
        "reasoning",
        model=response.model,
        tokens_in=tokens_in,
        metadata={
            "turn_number": 3,
            "cache_creation_input_tokens": getattr(response.usage, "cache_creation_input_tokens", 0),
            "cache_read_input_tokens": getattr(response.usage, "cache_read_input_tokens", 0),
            "stop_reason": response.stop_reason,
            "context_window_size": model_context_limit,
            "context_used_tokens": tokens_in,
            "context_utilization_pct": round(tokens_in / model_context_limit * 100, 1),
            "system_prompt_tokens": 400,
            "history_tokens": 1000,
            "tool_results_tokens": 100,
        },
    )
    (call,) = data(seen, "llm_call")
    assert (call["metadata"]["cache_read_input_tokens"], call["metadata"]["context_utilization_pct"]) == (
        900,
        0.8,
    )
    assert in_task.context_utilization == 0.8


# -- Layer 2b: tools --


class Registry:
    """The reader's tools."""

    def __init__(self) -> None:
        self.ran = 0

    def execute(self, tool_name: str, parameters: dict[str, Any]) -> Any:
        self.ran += 1
        return SimpleNamespace(
            success=tool_name != "broken", ok=True, error=None if tool_name != "broken" else "timeout",
            output=f"{tool_name} done", data={"rows": 3}, status_code=200, raw=b"{}",
        )  # fmt: skip


def test_wrap_tool_dispatch(seen: Captured, in_task: hiveloop.Task) -> None:
    tool_registry = Registry()

    def execute_tool(tool_name: str, parameters: dict[str, Any]) -> Any:
        _agent = get_hiveloop_agent()
        if _agent is not None:
            with _agent.track_context(tool_name) as ctx:
                result = tool_registry.execute(tool_name, parameters)
                ctx.set_payload(
                    {
                        "args": {k: str(v)[:100] for k, v in parameters.items()},
                        "result_preview": str(result)[:200],
                        "success": result.success,
                        "error": result.error,
                    }
                )
                return result
        else:
            return tool_registry.execute(tool_name, parameters)

    execute_tool("crm_search", {"q": "TechNova"})
    (ended,) = seen.of_type("action_completed")
    assert (ended["payload"]["args"], ended["task_id"]) == ({"q": "TechNova"}, "t-1")


def test_the_separated_life_cycle_runs_a_tool_once(seen: Captured, in_task: hiveloop.Task) -> None:
    tool_registry, tool_name, parameters = Registry(), "broken", {"q": 1}
    _agent = get_hiveloop_agent()
    _ctx: Any = None
    if _agent is not None:
        _ctx = _agent.track_context(tool_name)
        _ctx.__enter__()
    result = tool_registry.execute(tool_name, parameters)
    if _ctx is not None:
        _ctx.set_payload({"result_preview": (result.output or "")[:200], "success": result.success})
        _ctx.__exit__(None, None, None)
    assert tool_registry.ran == 1
    assert seen.of_type("action_completed")[0]["payload"]["success"] is False


def test_standard_tool_payloads(seen: Captured, in_task: hiveloop.Task) -> None:
    result = Registry().execute("crm", {})
    with in_task.agent.track_context("crm") as ctx:
        ctx.set_payload(
            tool_payload(
                args={"q": "x" * 900},
                result=result.data,
                success=result.ok,
                error=result.error,
                tool_category="crm",
                http_status=result.status_code,
                result_size_bytes=len(result.raw),
            )
        )
    payload = seen.of_type("action_completed")[0]["payload"]
    assert (payload["tool_category"], payload["http_status"], payload["result_size_bytes"]) == ("crm", 200, 2)
    assert len(payload["args"]["q"]) <= 500
    assert "error" not in payload


# -- Layer 2c: rich events --


def test_plans(seen: Captured, in_task: hiveloop.Task) -> None:
    plan = SimpleNamespace(steps=[SimpleNamespace(description=one) for one in ("Search", "Score", "Mail")])
    in_task.plan(goal="Qualify", steps=[step.description for step in plan.steps])
    in_task.plan_step(step_index=0, action="started", summary=plan.steps[0].description)
    in_task.plan_step(step_index=0, action="completed", summary="Found", turns=2)
    in_task.plan_step(step_index=1, action="started", summary=plan.steps[1].description)
    in_task.plan_step(step_index=1, action="failed", summary="Blocked: no score")
    in_task.plan(goal="Qualify by hand", steps=["Ask"], revision=1)
    in_task.plan_step(step_index=0, action="started", summary="Ask")
    assert [one["revision"] for one in data(seen, "plan_created")] == [0, 1]
    assert [(one["step_index"], one["action"], one["plan_revision"]) for one in data(seen, "plan_step")] == [
        (0, "started", 0), (0, "completed", 0), (1, "started", 0), (1, "failed", 0), (0, "started", 1),
    ]  # fmt: skip


def test_escalations_and_approvals(seen: Captured, in_task: hiveloop.Task) -> None:
    in_task.escalate("Agent escalated: too hard", assigned_to="human")
    in_task.request_approval("Approval needed: send", approver="human")
    in_task.approval_received("Event 'e' approved by operator", approved_by="human", decision="approved")
    in_task.approval_received("Event 'e' dropped by operator", approved_by="human", decision="rejected")
    assert of(seen, "escalated") == [{"assigned_to": "human"}]
    assert [one["decision"] for one in of(seen, "approval_received")] == ["approved", "rejected"]


def test_approvals_outside_a_task(seen: Captured) -> None:
    _hl_agent = hiveloop.agent("sales")
    _hl_agent.event("approval_requested", payload={"summary": "Approval needed: send", "approver": "human"})
    _hl_agent.event(
        "approval_received",
        payload={"summary": "Event 'e' approved", "approved_by": "human", "decision": "approved"},
    )
    requested, received = seen.of_type("approval_requested", "approval_received")
    assert "task_id" not in requested
    assert requested["payload"]["approver"] == "human"
    assert received["payload"]["decision"] == "approved"


def test_issues(seen: Captured, in_task: hiveloop.Task) -> None:
    _agent = get_hiveloop_agent()
    assert _agent is not None
    _agent.report_issue(
        summary="CRM API returning 403",
        severity="high",
        category="permissions",
        issue_id="crm-api-403",
        context={"api": "crm", "status_code": 403},
        occurrence_count=3,
    )
    _agent.resolve_issue(summary="CRM API recovered", issue_id="crm-api-403")
    assert [one["action"] for one in data(seen, "issue")] == ["reported", "resolved"]


def test_log_forwarding(seen: Captured) -> None:
    handler = HiveBoardLogHandler(hiveloop.agent("my-agent"))
    logger = logging.getLogger("my_app_of_the_guide")
    logger.addHandler(handler)
    try:
        logger.error("CRM is away")
    finally:
        logger.removeHandler(handler)
    (issue,) = data(seen, "issue")
    assert (issue["issue_id"], issue["severity"]) == ("log-my_app_of_the_guide-ERROR", "high")


def test_retries(seen: Captured, in_task: hiveloop.Task) -> None:
    in_task.retry("Failed (500): away", attempt=1)
    assert of(seen, "retry_started") == [{"attempt": 1}]


def test_a_parse_failure_is_retried(seen: Captured, in_task: hiveloop.Task) -> None:
    MAX_PARSE_RETRIES = 3
    answers = iter(["{broken", "[1", '{"ok": 1}'])
    prompt = "p"
    for attempt in range(1, MAX_PARSE_RETRIES + 1):
        response = SimpleNamespace(content=next(answers))
        try:
            result = json.loads(response.content)
            break  # success
        except json.JSONDecodeError as e:
            _task = get_current_task()
            if _task:
                _task.retry(
                    f"Parse failure (attempt {attempt}): {type(e).__name__}: {str(e)[:100]}", attempt=attempt
                )
            if attempt == MAX_PARSE_RETRIES:
                raise  # all retries exhausted
            prompt += f"\n\nYour previous response was invalid: {e}. Please fix and try again."
    assert result == {"ok": 1}
    assert [one["attempt"] for one in of(seen, "retry_started")] == [1, 2]


def test_a_rate_limit_is_retried(seen: Captured, in_task: hiveloop.Task) -> None:
    class RateLimitError(Exception):
        pass

    slept: list[int] = []
    for attempt in range(1, 4):
        try:
            if attempt < 3:
                raise RateLimitError("429")
            break
        except RateLimitError as e:
            backoff = 2**attempt  # 2s, 4s, 8s
            _task = get_current_task()
            if _task:
                _task.retry(f"Rate limited by crm: {e}", attempt=attempt, backoff_seconds=backoff)
            slept.append(backoff)
    assert [one["backoff_seconds"] for one in of(seen, "retry_started")] == slept == [2, 4]


def test_todos_queue_snapshots_and_schedules(seen: Captured, in_task: hiveloop.Task) -> None:
    _agent = get_hiveloop_agent()
    assert _agent is not None
    _agent.todo(
        todo_id="td_001",
        action="created",
        summary="Retry: Process lead TechNova",
        priority="high",
        source="failed_run",
        context="error=timeout",
    )
    _agent.queue_snapshot(
        depth=len(QUEUE),
        oldest_age_seconds=QUEUE.oldest_age_seconds(),
        items=[{"id": i.id, "summary": i.title[:80]} for i in QUEUE[:10]],
        processing=None,
    )
    for ran in ({"last_status": None}, {"last_status": "success", "last_run": "2026-02-12T15:00:00Z"}):
        _agent.scheduled(
            items=[{"id": "hb_crm_sync", "name": "CRM Sync", "interval": "10m", "enabled": True, **ran}]
        )
    assert data(seen, "todo")[0]["todo_id"] == "td_001"
    assert data(seen, "queue_snapshot")[0]["depth"] == 1
    assert [one["items"][0].get("last_status") for one in data(seen, "scheduled")] == [None, "success"]


# -- Layer 3: advanced events --

TASK_EVENTS: dict[str, dict[str, Any]] = {
    "learning": {
        "trigger": "reflection", "category": "tool_selection", "correction_applied": True, "turn_number": 2,
        "description": "Selected search_contacts instead of search_deals",
    },
    "context_compaction": {
        "tokens_before": 1000, "tokens_after": 400, "tokens_removed": 600, "compression_ratio": round(400 / 1000, 2),
        "method": "summary", "turn_number": 2, "messages_removed": 8,
    },
    "error_context": {
        "error_type": ValueError.__name__, "error_message": str(ValueError("bad"))[:500], "api_name": "crm",
        "status_code": 422, "response_body": "no"[:200], "retry_eligible": False, "turn_number": 2,
        "action_name": "crm_search",
    },
    "memory_op": {
        "operation": "write", "store": "vector_db", "key_or_query": "lead"[:100], "result_count": 1, "latency_ms": 4,
    },
}  # fmt: skip
AGENT_EVENTS: dict[str, dict[str, Any]] = {
    "runtime": {
        "event": "agent_started",
        "config": {
            "model": AGENT.config.model, "max_turns": AGENT.config.max_turns, "temperature": AGENT.config.temperature,
            "tools_enabled": [t.name for t in AGENT.tools],
        },
        "environment": {"python_version": sys.version.split()[0], "framework_version": "1.0"},
    },
    "config_snapshot": {
        "model": AGENT.config.model, "temperature": AGENT.config.temperature, "max_turns": AGENT.config.max_turns,
        "max_tokens": AGENT.config.max_tokens, "tools": [t.name for t in AGENT.tools],
        "system_prompt_hash": hashlib.md5(b"You are").hexdigest()[:8], "system_prompt_tokens": 2,
        "guardrails_enabled": AGENT.config.guardrails_enabled, "version": AGENT.config.version,
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(TASK_EVENTS))
def test_custom_events_of_a_task(kind: str, seen: Captured, in_task: hiveloop.Task) -> None:
    _task = get_current_task()
    assert _task is not None
    _task.event("custom", payload={"kind": kind, "data": TASK_EVENTS[kind]})
    (event,) = seen.kinds(kind)
    assert (event["payload"]["data"], event["task_id"]) == (TASK_EVENTS[kind], "t-1")


@pytest.mark.parametrize("kind", sorted(AGENT_EVENTS))
def test_custom_events_of_an_agent(kind: str, seen: Captured) -> None:
    hiveloop.agent("sales").event("custom", payload={"kind": kind, "data": AGENT_EVENTS[kind]})
    assert data(seen, kind) == [AGENT_EVENTS[kind]]


def test_a_model_that_was_switched(seen: Captured) -> None:
    switched = {"event": "model_switched", "from_model": "a", "to_model": "b", "reason": "cost_optimization"}
    hiveloop.agent("sales").event("custom", payload={"kind": "runtime", "data": switched})
    assert data(seen, "runtime") == [switched]


# -- Layer 4: detection by the reader --

MAX_HISTORY = 20
CYCLE_THRESHOLD = 3  # same action 3+ times = probable loop


def test_loop_detection_in_tool_dispatch(seen: Captured, in_task: hiveloop.Task) -> None:
    _recent_actions: list[tuple[str, str]] = []

    def hash_of(arguments: dict[str, Any]) -> str:
        return hashlib.md5(json.dumps(arguments, sort_keys=True).encode()).hexdigest()[:8]

    def detect_cycle(tool_name: str, arguments: dict[str, Any]) -> bool:
        """Returns True if a cycle is detected."""
        _recent_actions.append((tool_name, hash_of(arguments)))
        if len(_recent_actions) > MAX_HISTORY:
            _recent_actions.pop(0)

        # Check for exact repetition
        recent = _recent_actions[-CYCLE_THRESHOLD:]
        if len(recent) == CYCLE_THRESHOLD and len(set(recent)) == 1:
            return True

        # Check for A-B-A-B alternation
        if len(_recent_actions) >= 4:
            last4 = _recent_actions[-4:]
            if last4[0] == last4[2] and last4[1] == last4[3] and last4[0] != last4[1]:
                return True

        return False

    def execute_tool(tool_name: str, arguments: dict[str, Any]) -> Any:
        if detect_cycle(tool_name, arguments):
            _task = get_current_task()
            if _task:
                _task.event(
                    "custom",
                    payload={
                        "kind": "anomaly",
                        "data": {
                            "detector": "cycle",
                            "tool_name": tool_name,
                            "args_hash": hash_of(arguments),
                            "cycle_length": CYCLE_THRESHOLD,
                            "turn_number": 1,
                            "message": f"Agent called {tool_name} {CYCLE_THRESHOLD}x with same args",
                        },
                    },
                )
        return Registry().execute(tool_name, arguments)

    for _ in range(3):
        execute_tool("search", {"q": 1})
    for tool in ("a", "b", "a", "b"):
        execute_tool(tool, {})
    assert [one["tool_name"] for one in data(seen, "anomaly")] == ["search", "b"]


def count_tokens(value: Any) -> int:
    return len(str(value))


def analyze_prompt_composition(
    system_prompt: str,
    messages: list[str],
    tool_results: list[str] | None = None,
    model_context_limit: int = 200_000,
) -> dict[str, Any]:
    """Analyze token distribution across prompt components."""
    sys_tokens = count_tokens(system_prompt)
    history_tokens = count_tokens(messages)
    tool_tokens = count_tokens(tool_results) if tool_results else 0
    total = sys_tokens + history_tokens + tool_tokens

    breakdown: dict[str, Any] = {
        "system_prompt_tokens": sys_tokens,
        "history_tokens": history_tokens,
        "tool_results_tokens": tool_tokens,
        "total_input_tokens": total,
        "context_utilization_pct": round(total / model_context_limit * 100, 1),
        "largest_component": max(
            [("system", sys_tokens), ("history", history_tokens), ("tools", tool_tokens)],
            key=lambda x: x[1],
        )[0],
    }

    # Detect bloat: any single component > 60% of total
    for name, tokens in [("system", sys_tokens), ("history", history_tokens), ("tools", tool_tokens)]:
        pct = (tokens / total * 100) if total > 0 else 0
        breakdown[f"{name}_pct"] = round(pct, 1)
        if pct > 60:
            breakdown["bloat_warning"] = f"{name} is {pct:.0f}% of prompt"

    return breakdown


def test_prompt_composition(seen: Captured, in_task: hiveloop.Task) -> None:
    composition = analyze_prompt_composition("s" * 20, ["m" * 10], ["t" * 100], model_context_limit=200)
    _task = get_current_task()
    if _task and composition.get("context_utilization_pct", 0) > 50:
        _task.event(
            "custom", payload={"kind": "prompt_composition", "data": {**composition, "turn_number": 1}}
        )
    (told,) = data(seen, "prompt_composition")
    assert (told["largest_component"], told["bloat_warning"][:5]) == ("tools", "tools")


class StateMutationTracker:
    """Track changes to agent working state and report significant mutations."""

    def __init__(self) -> None:
        self._previous_state: dict[str, Any] = {}
        self._mutation_count = 0

    def check_mutation(self, current_state: dict[str, Any], turn_number: int) -> dict[str, Any] | None:
        """Compare current state to previous. Returns diff if changed."""
        if not self._previous_state:
            self._previous_state = copy.deepcopy(current_state)
            return None

        changes = {}
        for key in {*self._previous_state, *current_state}:
            old_val = self._previous_state.get(key)
            new_val = current_state.get(key)
            if old_val != new_val:
                changes[key] = {
                    "action": "added" if old_val is None else "removed" if new_val is None else "modified",
                    "old_type": type(old_val).__name__ if old_val is not None else None,
                    "new_type": type(new_val).__name__ if new_val is not None else None,
                }

        if changes:
            self._mutation_count += 1
            self._previous_state = copy.deepcopy(current_state)
            return {
                "mutation_number": self._mutation_count,
                "turn_number": turn_number,
                "keys_changed": list(changes.keys()),
                "changes": changes,
                "state_size": len(current_state),
            }
        return None


def test_state_mutations(seen: Captured, in_task: hiveloop.Task) -> None:
    _tracker = StateMutationTracker()  # one per task
    for turn_number, agent_state in enumerate([{"lead": "x"}, {"lead": "x"}, {"lead": 2}, {}]):
        mutation = _tracker.check_mutation(agent_state, turn_number)
        if mutation:
            _task = get_current_task()
            if _task:
                _task.event("custom", payload={"kind": "state_mutation", "data": mutation})
    told = data(seen, "state_mutation")
    assert [one["changes"]["lead"]["action"] for one in told] == ["modified", "removed"]


# -- all of it together --


def test_a_complete_turn(seen: Captured, in_task: hiveloop.Task) -> None:
    tool_registry = Registry()
    llm_client = SimpleNamespace(
        chat=lambda **_: SimpleNamespace(
            model="gpt-4o",
            usage=RESPONSE.usage,
            tool_calls=[SimpleNamespace(name="crm_search", arguments={"q": "TechNova"})],
        )
    )

    def run_turn(messages: list[Any], tool_catalog: list[Any], system_prompt: str) -> Any:
        """One turn of the agentic loop with full HiveLoop instrumentation."""
        _start = time.perf_counter()
        response = llm_client.chat(messages=messages, tools=tool_catalog, system=system_prompt)
        _elapsed_ms = (time.perf_counter() - _start) * 1000
        tokens_in = response.usage.input_tokens
        tokens_out = response.usage.output_tokens
        _task = get_current_task()
        if _task:
            _task.llm_call(
                "agent_turn",
                model=response.model,
                tokens_in=tokens_in,
                tokens_out=tokens_out,
                cost=estimate_cost(response.model, tokens_in, tokens_out),
                duration_ms=round(_elapsed_ms),
            )
        if response.tool_calls:
            _agent = get_hiveloop_agent()
            for tool_call in response.tool_calls:
                if _agent is not None:
                    with _agent.track_context(tool_call.name) as ctx:
                        result = tool_registry.execute(tool_call.name, tool_call.arguments)
                        ctx.set_payload(
                            {
                                "args": {k: str(v)[:100] for k, v in tool_call.arguments.items()},
                                "result_preview": str(result)[:200],
                                "success": result.success,
                            }
                        )
                else:
                    result = tool_registry.execute(tool_call.name, tool_call.arguments)
                messages.append({"role": "tool", "content": str(result)})
        return response

    run_turn([], [], "You are")
    assert [event["event_type"] for event in seen.events][2:] == [
        "custom",
        "action_started",
        "action_completed",
    ]


def test_an_agent_behind_an_api(seen: Captured) -> None:
    agents = {name: SimpleNamespace(_hiveloop=hiveloop.agent(name)) for name in ("a", "b")}

    async def run_agent(agent_id: str, message: str) -> dict[str, str]:
        _hl = agents[agent_id]._hiveloop
        with _hl.task(f"{agent_id}-{uuid.uuid4().hex[:8]}", project="my-app") as task:
            set_current_task(task)
            set_hiveloop_agent(_hl)
            try:
                await asyncio.sleep(0)
                current = get_current_task()
                assert current is task
                current.llm_call("answer", model="m")
            finally:
                clear_current_task()
                clear_hiveloop_agent()
        return {"response": message}

    async def main() -> None:
        await asyncio.gather(*(run_agent(name, "hi") for name in ("a", "b") * 5))

    asyncio.run(main())
    assert all(event["task_id"].startswith(event["agent_id"]) for event in seen.kinds("llm_call"))


def test_framework_callbacks(seen: Captured, in_task: hiveloop.Task) -> None:
    class HiveLoopCallbackHandler:
        def on_llm_start(self, serialized: Any, prompts: Any, **kwargs: Any) -> None:
            self._llm_start = time.perf_counter()

        def on_llm_end(self, response: Any, **kwargs: Any) -> None:
            elapsed = (time.perf_counter() - self._llm_start) * 1000
            _task = get_current_task()
            if _task:
                _task.llm_call(
                    "llm_call",
                    model=response.model,
                    tokens_in=response.usage.input_tokens,
                    tokens_out=response.usage.output_tokens,
                    duration_ms=round(elapsed),
                )

        def on_tool_start(self, serialized: Any, input_str: str, **kwargs: Any) -> None:
            agent = get_hiveloop_agent()
            assert agent is not None
            self._tool_ctx = agent.track_context(serialized["name"])
            self._tool_ctx.__enter__()

        def on_tool_end(self, output: Any, **kwargs: Any) -> None:
            if self._tool_ctx:
                self._tool_ctx.set_payload({"result_preview": str(output)[:200]})
                self._tool_ctx.__exit__(None, None, None)

    handler = HiveLoopCallbackHandler()
    handler.on_llm_start({}, [])
    handler.on_llm_end(RESPONSE)
    handler.on_tool_start({"name": "search"}, "q")
    handler.on_tool_end("found")
    assert seen.of_type("action_completed")[0]["payload"]["result_preview"] == "found"
    assert data(seen, "llm_call")[0]["tokens_in"] == 1500
