"""An agent in a loop: its model asks for the same search again and again, by ``create_agent`` or by LangGraph alone."""

from __future__ import annotations

from typing import Any

from hiveloop.testing import Captured
from hiveloop_langchain import HiveLoopCallbackHandler
from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from .scripted import Scripted, says

ASKED = {"messages": [("user", "what is known of flour?")]}
LOOP = says("", ("search", {"q": "flour"}))


class Search:
    """A tool that counts what it really did."""

    def __init__(self, result: str | Exception = "nothing found") -> None:
        self.ran = 0
        self.result = result

    def tool(self) -> Any:
        @tool
        def search(q: str) -> str:
            """Search."""
            self.ran += 1
            if isinstance(self.result, Exception):
                raise self.result
            return self.result

        return search


def found(seen: Captured) -> list[dict[str, Any]]:
    return [event["payload"]["data"] for event in seen.kinds("anomaly")]


def config(**more: Any) -> Any:
    return {"callbacks": [HiveLoopCallbackHandler(agent="finder")], "recursion_limit": 60, **more}


def looping(turns: int = 8) -> Scripted:
    """A model that asks the same thing again and again, until it is told not to."""

    def answer(messages: Any) -> AIMessage:
        return says("I stop") if "repeating yourself" in str(messages[-1].content) else LOOP

    return Scripted(script=[*[answer] * turns, says("gave up")])


def agent_of(model: Any, search: Search, **settings: Any) -> Any:
    return create_agent(model, [search.tool()], system_prompt="You search.", **settings)


def graph_of(model: Any, search: Search, **settings: Any) -> Any:
    """The same by hand, with LangGraph alone."""
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda state, config: {"messages": [model.invoke(state["messages"], config)]})
    graph.add_node("tools", ToolNode([search.tool()], **settings))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    return graph.compile(name="finder")
