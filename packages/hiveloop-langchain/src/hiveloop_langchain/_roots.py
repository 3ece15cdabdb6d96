"""Life of a root run: which agent and task it belongs to, and the one way it ends."""

from __future__ import annotations

import time
from typing import Any

import hiveloop
from hiveloop.adapters import attempt, begin_task, captures_content, framework_agent, resume_task
from hiveloop.adapters.actions import failure
from hiveloop.adapters.preview import RESULT_CHARS, preview

from . import _translate as translate
from ._answers import continues, is_resume, tell_answers
from ._errors import describe, is_recursion_limit
from ._evicted import evicted
from ._extract import last_text, last_words, root_inputs
from ._runs import LlmRun, Options, Root, RootRun, Run, millis_since, state
from ._undecided import Undecided
from ._unended import leave, sweep_late, tell_unanswered
from ._waiting import is_unnamed, keep, key_of, reopen, supersede_all, take

__all__ = ["close_root", "forget", "open_bare", "open_root", "output_of"]

# A name taken from the run can be as varied as the program likes to make it; an agent is a worker, not a request.
_MAX_INFERRED_AGENTS = 100
_GENERIC = ("LangGraph", "Runnable")
_inferred: set[str] = set()


def open_root(options: Options, info: RootRun, inputs: Any, run_id: Any) -> Root:
    """The root for an outermost run: resumed where its thread waits, attached to an active task, else a task of its own."""
    sweep_late()
    for number, forgotten in state.runs.sweep():
        forget(number, forgotten)
    thread_id = info.metadata.get("thread_id")
    if thread_id is None:
        root = _attach(info, options) or _begin_wrapper(options, info, inputs, run_id)
        root.wraps = True
        return root
    key = key_of(thread_id, info.name, options)
    previous = again = None
    if continues(inputs):
        previous = take(key, inputs)
        again = None if previous is None else reopen(previous, _captures(options))
    elif not is_unnamed(info.name):
        supersede_all(key)
    root = again or _attach(info, options) or _begin(options, info, inputs, run_id)
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


def _begin_wrapper(options: Options, info: RootRun, inputs: Any, run_id: Any) -> Root:
    """A root without a thread. Called with an answer, it may go on with the task of a graph inside of it."""
    if not (is_resume(inputs) and len(state.waiting)):
        return _begin(options, info, inputs, run_id)
    agent = _agent(options, info)
    root = Root(info.name, agent, None, True, _captures(options))
    Undecided(root, lambda timestamp: _start(options, info, inputs, run_id, agent, timestamp))
    return root


def _begin(options: Options, info: RootRun, inputs: Any, run_id: Any) -> Root:
    agent = _agent(options, info)
    named = _text(info.metadata.get("task_id")), _text(info.metadata.get("task_run_id"))
    if named[0] and named[1] and is_resume(inputs):
        # Both said by the program: the run that another process began.
        task = resume_task(agent, named[0], named[1], options.project, info.name)
    else:
        task = _start(options, info, inputs, run_id, agent)
    root = Root(info.name, agent, task, True, _captures(options))
    if root.capture:
        root.goal = attempt(lambda: last_text(inputs, 200), f"inputs of {info.name}")[1] or info.name
    return root


def _start(
    options: Options, info: RootRun, inputs: Any, run_id: Any, agent: hiveloop.Agent, timestamp: str = ""
) -> hiveloop.Task:
    metadata = info.metadata
    thread_id = metadata.get("thread_id")
    capture = _captures(options)
    return begin_task(
        agent,
        _text(metadata.get("task_id")),
        project=options.project,
        type=info.name,
        timestamp=timestamp,
        task_run_id=_text(metadata.get("task_run_id")) or str(run_id),
        session_id=_text(metadata.get("session_id", thread_id)),
        user_id=_text(metadata.get("user_id")),
        inputs=attempt(lambda: root_inputs(inputs), f"inputs of {info.name}")[1] if capture else None,
        metadata=_about(info, thread_id),
    )


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
    root.ended = time.perf_counter_ns()
    state.recent.append(root)
    if root.undecided is not None:
        root.undecided.decide(None)
    if root.unheard is not None:
        root.unheard.tell()
    _close_children(root, outcome)
    if root.models:
        leave(root, outcome)
    sweep_late()
    if outcome is None and error is None and root.interrupted and root.key is not None:
        keep(root, root.key)
        return
    task = root.task
    if task is None or not root.owned:
        return
    if error is not None and outcome is None:
        _fail(root, task, error)
        return
    status = translate.STATUS_OF_OUTCOME.get(outcome or "", "cancelled" if outcome else "success")
    payload: dict[str, Any] = {} if outcome is None else {"outcome": outcome}
    output = output_of(outputs, root.name) if root.capture else None
    if output is not None:
        payload["output"] = output
    task.complete(status=status, payload=payload or None)


def output_of(outputs: Any, name: str) -> Any:
    """What a run returned, cut; outputs may be any object of the program, so reading them is guarded."""
    if outputs is None:
        return None
    return attempt(lambda: last_words(outputs, RESULT_CHARS), f"outputs of {name}")[1]


def _fail(root: Root, task: hiveloop.Task, error: BaseException) -> None:
    about = describe(error, root.capture)
    payload = failure(about)
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


def forget(number: Any, run: Run) -> None:
    """End a run the framework never ended, or one too many under way at once: nothing must stay open for ever."""
    root = run.root
    root.pass_by(number, run.scope)
    evicted.note(number, root)
    if run.number != number:
        return
    if isinstance(run, LlmRun):
        tell_unanswered(run, "aborted", is_timed=False)
    elif number == root.number:
        close_root(run, "aborted")
    else:
        root.open.discard(run)
        _abort(run, "aborted")


def _close_children(root: Root, outcome: str | None) -> None:
    """Steps that never ended are aborted with their root."""
    status = outcome if outcome in translate.STATUS_OF_OUTCOME else "abandoned"
    for child in sorted(root.open, key=lambda run: -run.started) if root.open else ():
        if state.runs.take(child.number, None) is not None:
            root.pass_by(child.number, child.scope)
            _abort(child, status)
    root.open.clear()


def _abort(run: Run, outcome: str | None) -> None:
    if run.action_id is not None:
        spent = millis_since(run.started)
        run.root.emit(translate.action_completed(run.action_id, run.parent_action, run.name, spent, outcome))
