"""With content capture off nothing a person or a model wrote leaves the process, in any event of any kind."""

from __future__ import annotations

from typing import Any

import hiveloop_langchain
import pytest
from hiveloop.testing import capture_events
from hiveloop_langchain import HiveLoopCallbackHandler
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware, TodoListMiddleware
from langchain_core.callbacks import dispatch_custom_event
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import ToolException, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from .scripted import Scripted, says

SECRET = "zq-secret-zq"
ASKED = {"messages": [("user", f"about {SECRET}")]}


class Shelf(BaseRetriever):
    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [Document(page_content=SECRET, metadata={"source": SECRET}, id=SECRET)]


@tool
def leak(text: str) -> str:
    """Leak."""
    raise ToolException(text)


@tool
def send(text: str) -> str:
    """Send."""
    return text


def _errors(config: Any) -> None:
    model = Scripted(script=[ValueError(SECRET)])
    with pytest.raises(ValueError, match=SECRET):
        create_agent(model, []).invoke(ASKED, config)
    agent = create_agent(Scripted(script=[says("", ("leak", {"text": SECRET}))]), [leak])
    with pytest.raises(ToolException):
        agent.invoke(ASKED, config)


def _made_up_tool(config: Any) -> None:
    script = [says("", ("nothing", {"text": SECRET})), says(SECRET)]
    create_agent(Scripted(script=script), [send]).invoke(ASKED, config)


def _plan(config: Any) -> None:
    todos = {"todos": [{"content": SECRET, "status": "in_progress"}]}
    script = [says("", ("write_todos", todos)), says(SECRET)]
    create_agent(Scripted(script=script), [], middleware=[TodoListMiddleware()]).invoke(ASKED, config)


def _approval(config: Any) -> None:
    config = {**config, "configurable": {"thread_id": "content"}}
    hitl = HumanInTheLoopMiddleware(interrupt_on={"send": True})
    script = [says("", ("send", {"text": SECRET})), says(SECRET)]
    agent = create_agent(Scripted(script=script), [send], middleware=[hitl], checkpointer=InMemorySaver())
    agent.invoke(ASKED, config)
    reject = {"decisions": [{"type": "reject", "message": SECRET}]}
    agent.invoke(Command(resume=reject), config)


def _retrieval_and_custom_events(config: Any) -> None:
    def work(value: str) -> str:
        dispatch_custom_event("progress", {"text": value})
        Shelf().invoke(value)
        return value

    RunnableLambda(work).invoke(SECRET, config)
    Shelf().invoke(SECRET, config)
    for _ in Scripted(script=[says(SECRET)]).stream(SECRET, config):
        pass


RUNS = [_errors, _made_up_tool, _plan, _approval, _retrieval_and_custom_events]


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.__name__)
def test_nothing_leaves_through_an_explicit_handler(hive: Any, run: Any) -> None:
    run({"callbacks": [HiveLoopCallbackHandler(capture_content=False)]})
    assert hive.events
    assert SECRET.encode() not in hive.raw


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.__name__)
def test_nothing_leaves_when_the_process_captures_no_content(run: Any) -> None:
    hiveloop_langchain.instrument()
    with capture_events(capture_content=False) as seen:
        run({})
    assert seen.events
    assert SECRET.encode() not in seen.raw


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.__name__)
def test_the_runs_above_do_hold_something_to_leak(hive: Any, run: Any) -> None:
    run({"callbacks": [HiveLoopCallbackHandler()]})
    assert SECRET.encode() in hive.raw
