"""Life of a run or turn: where it belongs, the task or action it becomes, and the one way it ends."""

from __future__ import annotations

from typing import Any

from hiveloop.adapters import attempt, begin_task, captures_content
from hiveloop.adapters.preview import ARGUMENT_CHARS

from . import _translate as translate
from ._errors import cause_of, describe, note_cause, outcome_of, tell_origin
from ._extract import task_text
from ._handoffs import answer_outside, close_inputs, hand_over
from ._identity import agent_for, name_of, participants_of, register_participants
from ._nodes import Place, Root, RunNode, ToolNode, place, running_teams
from ._options import Options
from ._plan import graph_plan, graph_step
from ._results import result_payload
from ._work import Work

__all__ = ["abort", "begin", "complete", "new_root"]


def begin(subject: Any, kind: str, given: Any, options: Options) -> RunNode:
    """A team, agent or participant begins to work on ``given``."""
    where = place()
    around = where.node.run() if where is not None and where.node is not None else None
    if around is not None and around.ended:
        where = None  # left over from a run that is over: it works for itself now
    node = (
        _outermost(subject, kind, given, options)
        if where is None
        else _within(subject, kind, given, where, options)
    )
    if kind == "team":
        team_id = getattr(subject, "_team_id", None)
        known = running_teams.get(team_id) if isinstance(team_id, str) else None
        if isinstance(team_id, str) and (known is None or known.ended):
            node.team_id = team_id
            running_teams[team_id] = node
        if node.root.options.turns == "tasks":
            register_participants(subject, node.root.options)
        graph_plan(node, task_text(given, ARGUMENT_CHARS) if node.root.capture else None)
        answer_outside(node, given)
    return node


def new_root(options: Options) -> Root:
    """The root of an outermost run."""
    return Root(options, options.capture_content and captures_content())


def _outermost(subject: Any, kind: str, given: Any, options: Options) -> RunNode:
    root = new_root(options)
    work = _task(subject, kind, given, root, None)
    node = RunNode(kind, subject, name_of(subject), root, work, None, None)
    node.owns = True
    if work.task is not None:
        root.correlation = work.task.task_run_id
    return node


def _within(subject: Any, kind: str, given: Any, where: Place, options: Options) -> RunNode:
    """Inside another run, or inside a task of the program: told there as an action."""
    above = where.node
    root = above.root if above is not None else new_root(options)
    name = name_of(subject)
    team = above if isinstance(above, RunNode) and above.kind == "team" else None
    label = f"turn:{name}" if team is not None else name
    if above is None and where.work.task is not None:
        root.correlation = where.work.task.correlation_id or where.work.task.task_run_id
    # In a task of the program the outermost run is a part of it, not a second task beside it.
    separate = root.options.turns == "tasks" and above is not None
    run = above.run() if above is not None else None
    is_told = isinstance(above, ToolNode) and _runs(above.subject, subject)
    action_id = where.action_id
    if not is_told:
        action_id = where.work.start(label, "turn" if team is not None else kind, where.action_id, run)
    work = _task(subject, kind, given, root, team) if separate else where.work
    node = RunNode(kind, subject, name, root, work, above, None if separate else action_id)
    node.owns = separate
    node.outer = (where.work, action_id) if not is_told and action_id is not None else None
    graph_step(team, name, "started")
    if team is not None:
        team.selections = 0
    return node


def _runs(tool: Any, subject: Any) -> bool:
    """A tool that is nothing but this agent or team: its action tells of the run already."""
    runners = [getattr(tool, name, None) for name in ("_task_runner", "_agent", "_team")]
    return any(runner is subject for runner in runners)


def _task(subject: Any, kind: str, given: Any, root: Root, team: RunNode | None) -> Work:
    agent = agent_for(
        subject,
        "team" if kind == "team" else "agent",
        root.options,
        team.name if team else None,
        root.correlation is None,
    )
    text = attempt(lambda: task_text(given, ARGUMENT_CHARS), "task text")[1] if root.capture else None
    about: dict[str, Any] = {"class_name": type(subject).__name__}
    members = participants_of(subject)
    if members:
        about["participants"] = members[:100]
    if team is not None:
        about["team"] = team.name
    task = begin_task(
        agent,
        project=root.options.project,
        type=name_of(subject) if team is None else "turn",
        correlation_id=root.correlation,
        inputs={"task": text} if text else None,
        metadata=about,
    )
    return Work(agent, task)


# -- the end --


def complete(node: RunNode) -> None:
    """It returned."""
    if node.ended:
        return
    _leave(node)
    # What came out is the program's: where it cannot be read the run has ended all the same.
    payload = attempt(lambda: result_payload(node), "result of hiveloop_autogen")[1] or {}
    attempt(lambda: close_inputs(node, None), "answers of hiveloop_autogen")
    if node.kind == "team":
        attempt(lambda: hand_over(node, payload), "handoff of hiveloop_autogen")
    outcome = None
    if node.handed_to is not None:
        outcome = "handoff"
        payload.update({"outcome": outcome, "handoff_to": node.handed_to})
    _end_open(node, "abandoned")
    if node.owns and node.work.task is not None:
        node.work.task.complete(payload=payload or None)
    if isinstance(node.parent, RunNode):
        node.parent.last_handoff = node.handed_to
    if node.outer is not None:
        work, action_id = node.outer
        payload.pop("outcome", None)
        if node.owns and node.work.task is not None:
            payload["task_id"] = node.work.task.task_id
        work.end(action_id, outcome, payload)
    graph_step(node.parent, node.name, "completed")


def abort(node: RunNode, error: BaseException) -> None:
    """It raised, was cancelled, or was left by its consumer."""
    if node.ended:
        return
    outcome = outcome_of(error)
    if outcome == "abandoned" and node.result is not None and node.root.intervention is None:
        # It had said all it had to say; nobody waited for the end of the stream.
        complete(node)
        return
    _leave(node)
    attempt(lambda: close_inputs(node, outcome or "error"), "answers of hiveloop_autogen")
    _end_open(node, outcome or "aborted")
    if outcome is not None:
        if node.owns and node.work.task is not None:
            node.work.task.complete(status=outcome, payload={"outcome": outcome})
        if node.outer is not None:
            node.outer[0].end(node.outer[1], outcome)
        return
    _fail(node, error)


def _leave(node: RunNode) -> None:
    """From now on nothing new belongs to it. First of all: whatever goes wrong in telling its end, it is over."""
    node.ended = True
    if node.team_id is not None and running_teams.get(node.team_id) is node:
        del running_teams[node.team_id]


def _end_open(node: RunNode, outcome: str) -> None:
    node.work.end_all(None if node.owns else node, outcome)


def _fail(node: RunNode, error: BaseException) -> None:
    root = node.root
    real = cause_of(node, error)
    note_cause(node.parent, real)
    told = attempt(lambda: describe(real, root.capture), "error of hiveloop_autogen")[1]
    about = told or translate.ErrorInfo(type(real).__name__)
    if node.owns and node.work.task is not None:
        payload = translate.failure(about)
        _hint(node, payload)
        if root.reported is not None and root.reported[0] is real:
            payload["error_origin"] = root.reported[1]
        node.work.task.fail(payload=payload)
    if node.outer is not None:
        work, action_id = node.outer
        work.fail(action_id, about, tell_origin(root, real, action_id))
    graph_step(node.parent, node.name, "failed")


def _hint(node: RunNode, payload: dict[str, Any]) -> None:
    """AutoGen asserts, without a word, that whoever is handed to is a participant."""
    target = node.last_handoff
    if target is not None and target not in participants_of(node.subject):
        payload["hint"] = (
            f"handoff target {target!r} is not a participant; a HandoffTermination lets the run end"
        )
