"""Runs that wait for a person, kept by thread until they are resumed, or until new input makes the question moot."""

from __future__ import annotations

import threading
from typing import Any

from hiveloop.adapters import attempt

from ._answers import continues, named_interrupts, tell_answers
from ._runs import Key, Options, Root, state

__all__ = ["enter_node", "go_on", "is_unnamed", "keep", "key_of", "reopen", "supersede_all", "take"]

_MAX_PER_THREAD = 8
_MAX_NODES = 1_000
_UNNAMED = ("LangGraph", "Runnable")
# A signal handler may come in the middle of it.
_lock = threading.RLock()


def key_of(thread_id: Any, graph: str, options: Options) -> Key:
    """Where a run on this thread waits and is found again."""
    thread = thread_id
    if type(thread) is not str:
        thread = attempt(lambda: str(thread_id), "thread_id")[1] or f"<{type(thread_id).__name__}>"
    return Key(thread, graph, options.agent if isinstance(options.agent, str) else "")


def is_unnamed(graph: str) -> bool:
    """A name that any graph may have which nobody named."""
    return graph.startswith(_UNNAMED)


def keep(root: Root, key: Key) -> None:
    """This root waits from now on."""
    with _lock:
        bucket = state.waiting.pop(key) or []
        bucket.append(root)
        moot = bucket[:-_MAX_PER_THREAD]
        state.waiting.put(key, bucket[-_MAX_PER_THREAD:])
    for old in moot:
        _supersede(old)


def take(key: Key, inputs: Any) -> Root | None:
    """The waiting root that these inputs go on with: one whose question they name, else the last that asked."""
    with _lock:
        bucket = state.waiting.pop(key)
        if not bucket:
            return None
        found = next((root for root in reversed(bucket) if _is_meant(root, inputs)), bucket[-1])
        bucket.remove(found)
        if bucket:
            state.waiting.put(key, bucket)
    return found


def _is_meant(root: Root, inputs: Any) -> bool:
    if inputs is None:
        return any(name.startswith("breakpoint:") for name in root.pending)
    return any(name in root.pending for name in named_interrupts(inputs.resume))


def supersede_all(key: Key) -> None:
    """New input on a waiting thread: the graph forgets what it asked, and nobody will answer any more."""
    with _lock:
        moot = state.waiting.pop(key)
    for root in moot or ():
        _supersede(root)


def enter_node(root: Root, key: Key, node: str) -> None:
    """Note a node of a graph on a thread. New input to a graph nobody named is known by where it begins."""
    if root.nodes is None:
        root.nodes = set()
        _supersede_those_with(node, key)
    if len(root.nodes) < _MAX_NODES:
        root.nodes.add(node)


def _supersede_those_with(node: str, key: Key) -> None:
    with _lock:
        bucket = state.waiting.pop(key)
        if not bucket:
            return
        moot = [root for root in bucket if root.nodes is not None and node in root.nodes]
        kept = [root for root in bucket if root not in moot]
        if kept:
            state.waiting.put(key, kept)
    for root in moot:
        _supersede(root)


def _supersede(root: Root) -> None:
    if root.owned and root.task is not None:
        root.task.complete(status="abandoned", payload={"outcome": "superseded"})


def reopen(previous: Root, capture: bool) -> Root | None:
    """A new root on the task that waited; ``None`` where that task was not this adapter's own or has ended."""
    task = previous.task
    if task is None or not previous.owned or not task.is_open:
        return None
    root = Root(previous.name, previous.agent, task, True, capture)
    root.goal, root.turns, root.plan = previous.goal, previous.turns, previous.plan
    return root


def go_on(root: Root, key: Key, inputs: Any) -> Root | None:
    """A graph with a thread begins inside of a run without one. Returns the root that waited for it, to go on with.

    ``None``: the graph is part of ``root``, which then waits where the graph does.
    """
    if not continues(inputs):
        if not is_unnamed(key.graph):
            supersede_all(key)
    elif root.pending:
        # It was asked and is answered inside of one call.
        root.interrupted = False
        tell_answers(root, None, inputs)
    else:
        previous = take(key, inputs)
        if root.undecided is not None:
            root.undecided.decide(previous)
        elif previous is not None:
            again = reopen(previous, root.capture)
            if again is not None:
                again.key = key
                tell_answers(again, previous, inputs)
                return again
        tell_answers(root, previous, inputs)
    root.key = key
    return None
