"""Operations: a LangGraph graph whose export fails once and is tried again. Shows a retry that ends well."""

from __future__ import annotations

from functools import partial
from typing import Any, TypedDict

from langchain_core.callbacks import dispatch_custom_event
from langchain_core.tools import BaseTool, tool
from langgraph.graph import END, START, StateGraph
from langgraph.types import RetryPolicy

from examples.demo.models import gpt
from examples.demo.pace import Pace
from examples.demo.scenario import Case, Scenario, Stage, Worker

__all__ = ["SCENARIO"]

_STEPS = ["Export from the warehouse", "Compare with the shop", "Write the summary"]


class _State(TypedDict, total=False):
    table: str
    rows: list[str]
    differences: list[str]
    summary: str


def _plan_step(index: int, action: str, summary: str) -> None:
    step = {"step_index": index, "total_steps": len(_STEPS), "action": action, "summary": summary}
    dispatch_custom_event("hiveloop.plan_step", step)


def _export_tool(pace: Pace) -> BaseTool:
    attempts = 0

    @tool
    def export_table(table: str) -> list[str]:
        """Export a table of the warehouse."""
        nonlocal attempts
        attempts += 1
        pace.work(0.8, 2.2)
        if attempts == 1:
            raise ConnectionResetError("warehouse-db closed the connection after 1,204 of 3,310 rows")
        return [f"{table}: 3,310 rows", "3 rows changed since last night"]

    return export_table


def _graph(pace: Pace) -> Any:
    export_table = _export_tool(pace)

    def export(state: _State) -> _State:
        rows = export_table.invoke({"table": state["table"]})
        _plan_step(0, "completed", "3,310 rows exported")
        return {"rows": rows}

    def compare(state: _State) -> _State:
        _plan_step(1, "started", "Comparing with the shop")
        pace.work(0.5, 1.5)
        _plan_step(1, "completed", "3 differences")
        return {"differences": [f"{state['table']} row {n} differs" for n in (88, 1207, 2950)]}

    def summarise(state: _State) -> _State:
        _plan_step(2, "started", "Writing the summary")
        request = f"Summarise the nightly sync of {state['table']}: {'; '.join(state['differences'])}."
        summary = gpt("gpt-4.1-nano", streaming=True).invoke(request).text
        _plan_step(2, "completed", "Summary sent to operations")
        return {"summary": summary}

    graph = StateGraph(_State)
    graph.add_node("plan", partial(_plan, pace))
    policy = RetryPolicy(max_attempts=3, initial_interval=1.5 if pace.live else 0.01, jitter=False)
    graph.add_node("export", export, retry_policy=policy)
    graph.add_node("compare", compare)
    graph.add_node("summarise", summarise)
    for start, end in zip(
        [START, "plan", "export", "compare", "summarise"],
        ["plan", "export", "compare", "summarise", END],
        strict=True,
    ):
        graph.add_edge(start, end)
    return graph.compile(name="nightly-sync")


def _plan(pace: Pace, state: _State) -> _State:
    pace.work(0.3, 0.6)
    steps = [{"index": n, "description": text} for n, text in enumerate(_STEPS)]
    dispatch_custom_event("hiveloop.plan_created", {"goal": f"Sync {state['table']}", "steps": steps})
    _plan_step(0, "started", "Exporting")
    return {}


def _run(table: str, stage: Stage) -> None:
    _graph(stage.pace).invoke({"table": table}, stage.config("nightly_sync"))


def _case(table: str, session_id: str, *, once: bool = False) -> Case:
    return Case(
        name=table,
        session_id=session_id,
        run=partial(_run, table),
        llm_calls={"summarise": 1},
        actions=("plan", "export > export_table", "compare", "summarise"),
        retries=1,
        plan_steps=len(_STEPS),
        once=once,
    )


SCENARIO = Scenario(
    worker=Worker(agent_id="data-sync", type="operations", version="0.9.4", project="fulfilment"),
    story="its export loses the connection once, is retried and succeeds; a plan of three steps",
    rest_seconds=(10.0, 25.0),
    cases=(_case("orders", "sync-orders-118", once=True), _case("stock", "sync-stock-118")),
)
