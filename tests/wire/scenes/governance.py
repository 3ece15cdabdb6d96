"""One scene per payload kind of run governance: typed bodies, sent by whoever watches the run."""

from __future__ import annotations

from hiveloop import payloads
from hiveloop.events import Custom

from tests.wire.stage import Stage

PREFIX = "kind"


def recovered(stage: Stage) -> None:
    _send(
        stage,
        payloads.Recovered(summary="Worked at the third attempt", data={"attempts": 3, "function": "refund"}),
    )


def score(stage: Stage) -> None:
    data = {"name": "helpfulness", "value": 0.9, "data_type": "numeric", "comment": "short and kind"}
    _send(stage, payloads.Score(summary="helpfulness: 0.9", data=data))


def decision(stage: Stage) -> None:
    data = {
        "name": "route",
        "options": ["refund", "exchange"],
        "chosen": "refund",
        "reasoning": "asked for it",
        "confidence": 0.7,
    }
    _send(stage, payloads.Decision(summary="route: refund", data=data))


def reasoning(stage: Stage) -> None:
    data = {
        "step": "limit",
        "thought": "12.50 is below 100",
        "evidence": ["policy 4"],
        "conclusion": "may refund",
    }
    _send(stage, payloads.Reasoning(summary="limit", data=data))


def retrieval(stage: Stage) -> None:
    data = {
        "query": "refund policy",
        "documents": [{"id": "policy-4", "title": "Refunds"}],
        "source": "handbook",
        "duration_ms": 31,
        "top_k": 3,
        "scores": [0.92],
    }
    _send(stage, payloads.Retrieval(summary="1 document for 'refund policy'", data=data))


def policy_check(stage: Stage) -> None:
    data = {"policy_name": "daily-budget", "action": "allow", "category": "budget", "reason": "4 of 10 USD"}
    _send(stage, payloads.PolicyCheck(summary="daily-budget: allow", data=data))


def message(stage: Stage) -> None:
    _send(stage, payloads.Message(summary="user", data={"role": "user", "content": "My cup arrived broken."}))


def step(stage: Stage) -> None:
    _send(
        stage,
        payloads.Step(summary="lookup", data={"name": "lookup", "output": {"found": True}, "position": 1}),
    )


def tool_call(stage: Stage) -> None:
    data = {
        "name": "lookup_order",
        "input": {"order": 42},
        "output": {"status": "delivered"},
        "duration_ms": 18,
        "status": "ok",
        "tool_type": "function",
    }
    _send(stage, payloads.ToolCall(summary="lookup_order", data=data))


def run_update(stage: Stage) -> None:
    data = {"tags": {"tier": "gold"}, "metadata": {"region": "eu"}, "result": {"refunded": 12.5}}
    _send(stage, payloads.RunUpdate(summary="3 changes", data=data))


def _send(stage: Stage, payload: payloads.CustomPayload) -> None:
    stage.task().emit(Custom(payload=payload))
