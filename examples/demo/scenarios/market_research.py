"""Research: a LangGraph graph with a planning agent, readers side by side and a writing subgraph. Shows nesting."""

from __future__ import annotations

import operator
from functools import partial
from typing import Annotated, Any, TypedDict

from langchain.agents import create_agent
from langchain.agents.middleware import TodoListMiddleware
from langchain_core.messages import HumanMessage
from langchain_core.tools import BaseTool, tool
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from examples.demo.models import claude, gpt
from examples.demo.pace import Pace
from examples.demo.scenario import Case, Scenario, Stage, Worker

__all__ = ["SCENARIO"]

_SYSTEM = (
    "You prepare market briefings for Halden Coffee. Plan with write_todos, search, and name the three sources "
    "worth reading."
)
_TODO_PROMPT = "Keep your plan in write_todos and update it after every step."
_TODO_TOOL = "Write the whole plan, with the status of each step."
_SOURCES = ("trade journal", "statistics office", "roasters' forum")


class _State(TypedDict, total=False):
    question: str
    notes: Annotated[list[str], operator.add]
    draft: str
    briefing: str


class _Source(TypedDict):
    question: str
    source: str


def _search_tool(pace: Pace) -> BaseTool:
    @tool
    def search_press(query: str) -> list[str]:
        """Search trade press and public statistics."""
        pace.work(0.9, 2.4)
        return [f"{source}: three recent articles on {query}" for source in _SOURCES]

    return search_press


def _writing(pace: Pace) -> Any:
    """The subgraph: one model that thinks drafts, another one checks the facts."""

    def draft(state: _State) -> _State:
        model = gpt("gpt-5-mini", use_responses_api=True, reasoning={"effort": "low"})
        notes = "\n".join(sorted(state["notes"]))
        return {"draft": model.invoke(f"Draft a briefing. Question: {state['question']}\n{notes}").text}

    def check_facts(state: _State) -> _State:
        pace.work(0.3, 0.9)
        answer = claude("claude-sonnet-4-6").invoke(f"Check the facts of this briefing: {state['draft']}")
        return {"briefing": answer.text}

    graph = StateGraph(_State)
    graph.add_node("draft", draft)
    graph.add_node("check_facts", check_facts)
    graph.add_edge(START, "draft")
    graph.add_edge("draft", "check_facts")
    graph.add_edge("check_facts", END)
    return graph.compile(name="write-briefing")


def _graph(pace: Pace) -> Any:
    todos = TodoListMiddleware(system_prompt=_TODO_PROMPT, tool_description=_TODO_TOOL)
    scout = create_agent(
        gpt("gpt-4.1-mini"), [_search_tool(pace)], system_prompt=_SYSTEM, middleware=[todos], name="scout"
    )

    def find_sources(state: _State) -> _State:
        scout.invoke({"messages": [HumanMessage(f"Find sources: {state['question']}")]})
        return {}

    def read_source(state: _Source) -> _State:
        pace.work(0.5, 2.0)
        request = f"In one sentence, what does the {state['source']} say? {state['question']}"
        return {"notes": [gpt("gpt-4.1-nano").invoke(request).text]}

    def to_readers(state: _State) -> list[Send]:
        return [Send("read_source", {"question": state["question"], "source": one}) for one in _SOURCES]

    graph = StateGraph(_State)
    graph.add_node("find_sources", find_sources)
    graph.add_node("read_source", read_source)
    graph.add_node("write_briefing", _writing(pace))
    graph.add_edge(START, "find_sources")
    graph.add_conditional_edges("find_sources", to_readers, ["read_source"])
    graph.add_edge("read_source", "write_briefing")
    graph.add_edge("write_briefing", END)
    return graph.compile(name="market-research")


def _run(question: str, stage: Stage) -> None:
    _graph(stage.pace).invoke({"question": question}, stage.config("market_briefing"))


def _case(name: str, session_id: str, question: str, *, once: bool = False) -> Case:
    return Case(
        name=name,
        session_id=session_id,
        run=partial(_run, question),
        llm_calls={
            "find_sources > scout > model": 5,
            "read_source": 3,
            "write_briefing > write-briefing > draft": 1,
            "write_briefing > write-briefing > check_facts": 1,
        },
        actions=(
            "find_sources > scout > tools > write_todos",
            "find_sources > scout > tools > search_press",
        ),
        plan_steps=3,
        once=once,
    )


SCENARIO = Scenario(
    worker=Worker(
        agent_id="market-research",
        type="research",
        version="3.0.1",
        project="strategy",
    ),
    story="plans with to-dos, reads three sources in parallel, writes in a subgraph with a reasoning model",
    rest_seconds=(10.0, 22.0),
    cases=(
        _case("oat-milk", "briefing-oat-milk", "How will oat milk prices move next year?", once=True),
        _case("reuse", "briefing-reusable-cups", "Which cities will require reusable cups?"),
    ),
)
