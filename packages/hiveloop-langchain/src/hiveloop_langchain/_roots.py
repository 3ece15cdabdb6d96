"""Life of a root run: which agent and task it belongs to, and the one way it ends."""

from __future__ import annotations

import time
from typing import Any

import hiveloop
from hiveloop.adapters import attempt, begin_task, captures_content, framework_agent

from . import _translate as translate
from ._errors import describe, is_recursion_limit
from ._extract import last_text, root_inputs
from ._models import emit_llm, sweep_late
from ._preview import RESULT_CHARS, preview
from ._runs import LlmRun, Options, Root, RootRun, Run, millis_since, state
from ._waiting import continues, reopen, supersede, tell_answers

__all__ = ["close_root", "open_bare", "open_root", "output_text"]

# A name taken from the run can be as varied as the program likes to make it; an agent is a worker, not a request.
_MAX_INFERRED_AGENTS = 100
_LATE_NS = 5_000_000_000
_GENERIC = ("LangGraph", "Runnable")
_inferred: set[str] = set()


def open_root(options: Options, info: RootRun, inputs: Any, run_id: Any) -> Root:
    """The root for an outermost run: resumed where its thread waits, attached to an active task, else a task of its own."""
    sweep_late()
    for forgotten in state.runs.sweep():
        # The framework never ended it, a day later nobody will: its task must not stay open for ever.
        if forgotten.run_id == forgotten.root.run_id:
            close_root(forgotten, "aborted")
    thread_id = info.metadata.get("thread_id")
    named = options.agent if isinstance(options.agent, str) else ""
    key = None if thread_id is None else (str(thread_id), info.name, named)
    previous = None if key is None else state.waiting.pop(key)
    if previous is not None and not continues(inputs):
        supersede(previous)
        previous = None
    root = None if previous is None else reopen(previous, _captures(options))
    if root is None:
        root = _attach(info, options) or _begin(options, info, inputs, thread_id, run_id)
    root.key = key
    tell_answers(root, previous, inputs)
    return root


def open_bare(options: Options, info: RootRun) -> Root:
    """The root for a bare model or retriever call: part of an active task, else of its agent alone."""
    sweep_late()
    return _attach(info, options) or Root(info.name, _agent(options, info), None, False, _captures(options))


def _captures(options: Options) -> bool:
    return options.capture_content and captures_content()


def _attach(info: RootRun, options: Options) -> Root | None:
    task = hiveloop.current_task()
    if task is None:
        return None
    root = Root(info.name, task.agent, task, False, _captures(options))
    action = hiveloop.current_action()
    root.base_action = action.action_id if action is not None else None
    return root


def _begin(options: Options, info: RootRun, inputs: Any, thread_id: Any, run_id: Any) -> Root:
    capture = _captures(options)
    agent = _agent(options, info)
    metadata = info.metadata
    task = begin_task(
        agent,
        _text(metadata.get("task_id")),
        project=options.project,
        type=info.name,
        task_run_id=str(run_id),
        session_id=_text(metadata.get("session_id", thread_id)),
        user_id=_text(metadata.get("user_id")),
        inputs=attempt(lambda: root_inputs(inputs), f"inputs of {info.name}")[1] if capture else None,
        metadata=_about(info, thread_id),
    )
    root = Root(info.name, agent, task, True, capture)
    if capture:
        root.goal = attempt(lambda: last_text(inputs, 200), f"inputs of {info.name}")[1] or info.name
    return root


def _about(info: RootRun, thread_id: Any) -> dict[str, Any] | None:
    about: dict[str, Any] = {}
    if info.tags:
        about["tags"] = [preview(tag, 100) for tag in info.tags[:20]]
    if thread_id is not None:
        about["thread_id"] = _text(thread_id)
    return about or None


def _text(value: Any) -> str | None:
    return None if value is None else preview(value, 200)


def _agent(options: Options, info: RootRun) -> hiveloop.Agent:
    choice = options.agent
    name: Any = choice
    if callable(choice):
        _, name = attempt(lambda: choice(info), "agent= callable of HiveLoopCallbackHandler")
    if not isinstance(name, str) or not name:
        name = _inferred_name(info)
    return framework_agent(name, "langchain")


def _inferred_name(info: RootRun) -> str:
    name = info.metadata.get("lc_agent_name") or info.name
    is_graph = info.metadata.get("ls_integration") in ("langgraph", "langchain_create_agent")
    if not isinstance(name, str) or name.startswith(_GENERIC) or not is_graph:
        return "langgraph" if info.name == "LangGraph" else "langchain"
    if name not in _inferred:
        if len(_inferred) >= _MAX_INFERRED_AGENTS:
            return "langgraph"
        _inferred.add(name)
    return name


# -- the end --


def close_root(
    run: Run, outcome: str | None = None, error: BaseException | None = None, outputs: Any = None
) -> None:
    """End everything that is still open under a root, then its task, exactly once."""
    root = run.root
    _close_children(root, outcome)
    sweep_late()
    if outcome is None and error is None and root.interrupted:
        if root.key is not None:
            state.waiting.put(root.key, root)
        return
    task = root.task
    if task is None or not root.owned:
        return
    if error is not None and outcome is None:
        _fail(root, task, error)
        return
    status = translate.STATUS_OF_OUTCOME.get(outcome or "", "cancelled" if outcome else "success")
    payload: dict[str, Any] = {} if outcome is None else {"outcome": outcome}
    text = output_text(outputs, root.name) if root.capture else None
    if text is not None:
        payload["output"] = text
    task.complete(status=status, payload=payload or None)


def output_text(outputs: Any, name: str) -> str | None:
    """A preview of what a run returned; outputs may be any object of the program, so reading them is guarded."""
    if outputs is None:
        return None
    return attempt(lambda: last_text(outputs, RESULT_CHARS), f"outputs of {name}")[1]


def _fail(root: Root, task: hiveloop.Task, error: BaseException) -> None:
    about = describe(error, root.capture)
    payload = translate.failure(about)
    if root.reported is not None and root.reported[0] == id(error):
        payload["error_origin"] = root.reported[2]
    if is_recursion_limit(error):
        root.agent.report_issue(
            f"{root.name} reached its recursion limit",
            severity="high",
            issue_id=f"recursion-limit-{root.name}"[:128],
            category="recursion_limit",
        )
    task.fail(payload=payload)


def _close_children(root: Root, outcome: str | None) -> None:
    """Steps that never ended are aborted with their root; a model call may still be answered, unless cancelled."""
    for child in sorted(root.open, key=lambda run: -run.started) if root.open else ():
        if isinstance(child, LlmRun):
            if outcome == "cancelled":
                if state.runs.take(child.run_id, None) is not None:
                    emit_llm(child, outcome="cancelled")
            else:
                state.late.append((time.perf_counter_ns() + _LATE_NS, child))
        elif state.runs.take(child.run_id, None) is not None and child.action_id is not None:
            root.emit(
                translate.action_completed(
                    child.action_id,
                    child.parent_action,
                    child.name,
                    millis_since(child.started),
                    outcome if outcome in translate.STATUS_OF_OUTCOME else "abandoned",
                )
            )
    root.open.clear()
