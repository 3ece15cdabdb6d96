"""Purchasing: a plain program whose supplier's API stumbles; tenacity tries again. Shows retries with their waits."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import hiveloop
from langchain_core.messages import HumanMessage
from tenacity import retry, stop_after_attempt, wait_exponential

from examples.demo.models import gpt
from examples.demo.scenario import Case, Scenario, Stage, Worker

__all__ = ["SCENARIO"]

_WORKER = Worker(
    agent_id="stock-keeper", type="operations", version="1.1.0", project="purchasing", framework="custom"
)
#: What the supplier answers, call by call.
_ANSWERS: dict[str, tuple[str | Exception, ...]] = {
    "green beans": (
        TimeoutError("supplier API: no answer in 5 s"),
        ConnectionError("supplier API: 503"),
        "420 kg",
    ),
    "oat milk": ("96 cartons",),
    "paper filters": (ConnectionError("supplier API: 503"), "12,000 pieces"),
}


def _order(item: str, stage: Stage) -> None:
    agent = hiveloop.agent(_WORKER.agent_id)
    answers: Iterator[str | Exception] = iter(_ANSWERS[item])

    @retry(stop=stop_after_attempt(4), wait=wait_exponential(multiplier=0.05, max=2), reraise=True)
    def ask_supplier() -> str:
        stage.pace.work(0.3, 0.9)
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    session = stage.session_id
    with agent.task(session, _WORKER.project, "reorder", session_id=session) as task:
        with agent.track_context("ask_supplier") as action:
            available = ask_supplier()
            action.set_payload(hiveloop.tool_payload(args={"item": item}, result=available))
        question = f"How much of {item} should we order for next week? The supplier has {available}."
        with agent.track_context("decide"):
            answer = gpt("gpt-4.1-nano").invoke([HumanMessage(question)], stage.config("decide"))
        with agent.track_context("place_order"):
            stage.pace.work(0.4, 1.0)
        task.set_payload({"order": answer.text})


def _case(item: str, retries: int, *, once: bool = False) -> Case:
    return Case(
        name=item,
        session_id=f"reorder-{item.replace(' ', '-')}",
        run=partial(_order, item),
        llm_calls={"decide": 1},
        actions=("ask_supplier", "decide", "place_order"),
        retries=retries,
        once=once,
    )


SCENARIO = Scenario(
    worker=_WORKER,
    story="a plain loop whose supplier stumbles; tenacity tries again, and every wait is on the timeline",
    cases=(_case("green beans", 2, once=True), _case("oat milk", 0), _case("paper filters", 1)),
)
