"""Runs that interleave in any order never mix: the callbacks of several agents, shuffled, still make their own trees."""

from __future__ import annotations

import threading
from typing import Any

from hiveloop.testing import capture_events
from hiveloop.testing.conformance import assert_catalogue, assert_one_tree
from hiveloop_langchain import HiveLoopCallbackHandler
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from langchain_core.outputs import LLMResult

from .scripted import Scripted, says

ANSWER = LLMResult(generations=[Scripted(script=[says("fine")])._generate([]).generations])


def _agent(handler: HiveLoopCallbackHandler, label: str) -> list[Any]:
    """The callbacks of one small agent run, in their order, as functions."""
    ids = {name: f"{label}-{name}" for name in ("root", "node", "model", "tool", "inner")}
    node = {"langgraph_node": "work", "langgraph_checkpoint_ns": f"work:{label}", "lc_agent_name": label}
    return [
        lambda: handler.on_chain_start(None, {"q": label}, run_id=ids["root"], name=label),
        lambda: handler.on_chain_start(
            None,
            {},
            run_id=ids["node"],
            parent_run_id=ids["root"],
            name="work",
            tags=["graph:step:1"],
            metadata=node,
        ),
        lambda: handler.on_chat_model_start(
            {}, [[HumanMessage(label)]], run_id=ids["model"], parent_run_id=ids["node"]
        ),
        lambda: handler.on_llm_new_token("f", run_id=ids["model"]),
        lambda: handler.on_llm_end(ANSWER, run_id=ids["model"]),
        lambda: handler.on_tool_start(
            {"name": "t"},
            "",
            run_id=ids["tool"],
            parent_run_id=ids["node"],
            inputs={"q": label},
            tool_call_id="c1",
        ),
        lambda: handler.on_chain_start(None, {}, run_id=ids["inner"], parent_run_id=ids["tool"], name="step"),
        lambda: handler.on_chain_end(label, run_id=ids["inner"]),
        lambda: handler.on_tool_end(label, run_id=ids["tool"]),
        lambda: handler.on_chain_end({}, run_id=ids["node"]),
        lambda: handler.on_chain_end({"a": label}, run_id=ids["root"]),
    ]


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 5), st.randoms(use_true_random=False))
def test_any_interleaving_keeps_the_trees_apart(count: int, random: Any) -> None:
    labels = [f"agent-{index}" for index in range(count)]
    handler = HiveLoopCallbackHandler()
    queues = [_agent(handler, label) for label in labels]
    with capture_events() as seen:
        while queues:
            queue = random.choice(queues)
            queue.pop(0)()
            if not queue:
                queues.remove(queue)
    assert_one_tree(seen, labels)
    assert_catalogue(seen)


def test_callbacks_from_other_threads_find_their_parents() -> None:
    labels = [f"agent-{index:02d}" for index in range(16)]
    handler = HiveLoopCallbackHandler()

    def drive(label: str) -> None:
        # Every callback on a thread of its own: nothing may depend on what a thread remembers.
        for callback in _agent(handler, label):
            thread = threading.Thread(target=callback)
            thread.start()
            thread.join(timeout=10)

    with capture_events() as seen:
        drivers = [threading.Thread(target=drive, args=(label,)) for label in labels]
        for driver in drivers:
            driver.start()
        for driver in drivers:
            driver.join(timeout=60)
    assert_one_tree(seen, labels)
