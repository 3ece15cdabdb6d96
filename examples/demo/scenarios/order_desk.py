"""Fulfilment: plain LCEL inside an explicit HiveLoop task. Shows the queue, a TODO, an issue and a schedule."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Any

import hiveloop
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from examples.demo.models import gpt
from examples.demo.scenario import Case, Scenario, Stage, Worker

__all__ = ["SCENARIO"]

_WORKER = Worker(agent_id="order-desk", type="operations", version="1.4.0", project="fulfilment")
_PROMPT = ChatPromptTemplate.from_messages(
    [
        ("system", "You route orders of Halden Coffee to the roastery, the workshop or the warehouse."),
        ("user", "Order {order}: {text}"),
    ]
)
_ORDERS = {
    "HC-20451": "20 kg Yirgacheffe, roasted lighter than usual, by Thursday please.",
    "HC-20452": "Service for a two-group machine, the left group drips.",
    "HC-20453": "Six boxes of filters and two kettles, standard shipping.",
}
_WAITING = deque(
    [
        {
            "id": "HC-20454",
            "priority": "high",
            "source": "web shop",
            "summary": "8 kg espresso blend, express",
        },
        {"id": "HC-20455", "priority": "normal", "source": "e-mail", "summary": "New burrs for a Doser 64"},
        {"id": "HC-20456", "priority": "normal", "source": "web shop", "summary": "Gift box, two mugs"},
        {"id": "HC-20457", "priority": "low", "source": "phone", "summary": "Question about a decaf sample"},
        {
            "id": "HC-20458",
            "priority": "normal",
            "source": "web shop",
            "summary": "15 kg filter roast, monthly",
        },
    ]
)
_SCHEDULE: list[dict[str, Any]] = [
    {"id": "stock-check", "name": "Stock check", "interval": "1h", "enabled": True, "last_status": "success"},
    {"id": "courier-pickup", "name": "Courier pickup list", "interval": "daily 16:00", "enabled": True},
]


def _queue() -> dict[str, Any]:
    """The first orders in line, oldest first; also asked for with every heartbeat."""
    line = list(_WAITING)[:3]
    return {"depth": len(line), "oldest_age_seconds": 140 * len(line), "items": line}


def _run(order: str, stage: Stage) -> None:
    agent = hiveloop.agent(_WORKER.agent_id, queue_provider=_queue)
    chain = _PROMPT | gpt("gpt-4.1-nano") | StrOutputParser()
    with agent.task(stage.session_id, _WORKER.project, "route_order", session_id=stage.session_id):
        with agent.track_context("read_order"):
            stage.pace.work(0.3, 1.0)
        chain.invoke({"order": order, "text": _ORDERS[order]}, stage.config("route_with_model"))
        with agent.track_context("book_slot") as action:
            stage.pace.work(0.5, 1.5)
            action.set_payload({"slot": "Thursday 07:00", "line": 2})
    _WAITING.rotate(-1)
    _report(agent)


def _report(agent: hiveloop.Agent) -> None:
    """What the Pipeline view of this agent shows."""
    agent.queue_snapshot(**_queue())
    agent.report_issue(
        "The courier's label service answers HTTP 503",
        severity="medium",
        issue_id="courier-labels-503",
        category="integration",
        context={"service": "labels", "since": "this morning", "workaround": "print by hand"},
    )
    agent.todo(
        "confirm-oat-price",
        "created",
        "Confirm the new oat milk price with the supplier",
        priority="high",
        source="market-research",
    )
    agent.scheduled(_SCHEDULE)


def _case(order: str, *, once: bool = False) -> Case:
    return Case(
        name=order,
        session_id=order,
        run=partial(_run, order),
        llm_calls={"route_with_model": 1},
        actions=("read_order", "book_slot"),
        once=once,
    )


SCENARIO = Scenario(
    worker=_WORKER,
    story="routes orders with a chain; carries a queue, an open TODO, a reported issue and a schedule",
    rest_seconds=(4.0, 10.0),
    has_pipeline=True,
    cases=(_case("HC-20451", once=True), _case("HC-20452"), _case("HC-20453")),
)
