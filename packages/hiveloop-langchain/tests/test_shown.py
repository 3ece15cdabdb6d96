"""Arguments and results keep their keys: what is secret by its name can be taken out, and what a record hides stays in."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, TypedDict

import pytest
from hiveloop.adapters.preview import preview
from hiveloop.adapters.shown import arguments, shown, shown_text
from hiveloop.middleware import Redact
from hiveloop.testing import capture_events
from hiveloop_langchain import HiveLoopCallbackHandler
from hiveloop_langchain._approval import question_of
from hiveloop_langchain._extract import last_text, last_words, root_inputs
from hypothesis import given
from hypothesis import strategies as st
from langchain.agents import create_agent
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel, Field, SecretStr

from .scripted import Scripted, says

SECRET = "zq-hunter2-zq"


@dataclasses.dataclass
class Connection:
    host: str
    password: str = dataclasses.field(repr=False, default=SECRET)


class Credentials(BaseModel):
    user: str = "u"
    hidden: str = Field(SECRET, repr=False)
    excluded: str = Field(SECRET, exclude=True)
    secret: SecretStr = SecretStr(SECRET)
    token: str = SECRET


class State(TypedDict, total=False):
    login: Any
    said: Any


def _with() -> Any:
    return {"callbacks": [HiveLoopCallbackHandler()]}


# -- keys survive --


def test_a_tool_keeps_the_keys_of_its_arguments_and_its_result() -> None:
    @tool
    def login(credentials: dict[str, Any], password: str) -> dict[str, Any]:
        """Log in."""
        return {"session": {"token": SECRET}, "ok": True}

    call = ("login", {"credentials": {"deep": [{"password": SECRET}]}, "password": SECRET})
    agent = create_agent(Scripted(script=[says("", call), says("done")]), [login])
    with capture_events(middleware=[Redact()]) as seen:
        agent.invoke({"messages": [("user", "log in")]}, _with())
        login.invoke({"credentials": {"password": SECRET}, "password": SECRET}, _with())
    told = [e["payload"] for e in seen.of_type("action_started", "action_completed")]
    assert SECRET not in json.dumps(told)
    (args, _) = (payload["args"] for payload in told if "args" in payload)
    assert args == {"credentials": {"deep": [{"password": "[redacted]"}]}, "password": "[redacted]"}
    results = [payload["result"] for payload in told if "result" in payload]
    assert {"session": {"token": "[redacted]"}, "ok": True} in results


@pytest.mark.parametrize("value", [Credentials(), {"token": SECRET}, [{"token": SECRET}]])
def test_inputs_outputs_and_questions_keep_their_keys(value: Any) -> None:
    def ask(state: State) -> State:
        return {"said": interrupt(value)}

    graph = StateGraph(State).add_node("ask", ask).add_edge(START, "ask")
    waiting = graph.compile(checkpointer=InMemorySaver())
    with capture_events(middleware=[Redact()]) as seen:
        RunnableLambda(lambda given: given).invoke(value, _with())
        waiting.invoke({"login": value}, {**_with(), "configurable": {"thread_id": "t"}})
    assert SECRET.encode() not in seen.raw
    assert seen.of_type("approval_requested")[0]["payload"]["summary"] == "ask waits for an answer"


def test_what_a_record_keeps_out_of_its_repr_is_left_out() -> None:
    assert shown(Connection("h"), 500) == {"host": "h"}
    assert preview(Connection("h"), 500) == 'Connection{host: "h"}'
    assert shown({"all": [Credentials()]}, 500) == {
        "all": [{"user": "u", "secret": "SecretStr", "token": SECRET}]
    }


# -- bounds --


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner),
        max_leaves=60,
    ),
    st.integers(20, 500),
)
def test_a_tree_is_plain_and_small(value: Any, limit: int) -> None:
    tree = shown(value, limit)
    assert len(json.dumps(tree, ensure_ascii=False)) <= 12 * limit + 500
    json.loads(json.dumps(tree))


def test_a_huge_value_costs_no_more_than_is_shown() -> None:
    rows = {"rows": [{"text": "x" * 1_000, "n": 10**30}] * 1_000_000}
    tree = shown(rows, 500)
    assert len(json.dumps(tree)) < 1_500
    assert tree["rows"][-1].startswith("…+")
    loop: list[Any] = []
    loop.append(loop)
    assert json.dumps(shown(loop, 100)).count("[") <= 10
    assert "…" in shown(dict.fromkeys(range(200), 1), 10_000)
    assert arguments({"a": {"b": {"c": [1, None, 2.5, True]}}}) == {"a": {"b": {"c": [1, None, 2.5, True]}}}


def test_json_that_a_tool_returned_as_a_text_is_a_tree_again() -> None:
    assert shown_text('{"token": "x", "n": 1}', 500) == {"token": "x", "n": 1}
    assert shown_text("{not json", 500) == "{not json"
    assert shown_text("[" * 10_000, 50) == "[" * 49 + "…"
    assert shown_text("plain", 500) == "plain"


def test_texts_stay_texts_and_keys_that_say_something_are_kept() -> None:
    assert last_words({"messages": [("user", "hi")], "token": "x"}, 100) == "hi"
    assert last_words({"output": "hi"}, 100) == "hi"
    assert last_words({"token": "hi"}, 100) == {"token": "hi"}
    assert last_text({"token": "hi"}, 100) is None
    assert last_words(None, 100) is None
    assert last_words(7, 100) == "7"
    assert root_inputs({"messages": [], "n": {"a": 1}}) == {"messages": [], "n": {"a": 1}}
    assert question_of("ok?", "ask", True).details["question"] == "ok?"
    assert question_of({"query": "ok?"}, "ask", True).summary == "ok?"
