"""Two runs side by side: aligned step by step, where they first part, and what differs in money, time and tools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from hiveboard.store.rows import RunEvents, TaskRow

from .event_view import payload_of
from .run_alignment import align
from .run_steps import RunStep, run_steps
from .task_status import TaskView, task_view
from .wording import plural

__all__ = ["Delta", "DiffRow", "Divergence", "RunDiff", "ToolDelta", "diff_runs"]

#: What makes two paired steps differ; money and time alone do not.
_TELLING = ("arguments", "model", "status", "error")


class Delta(Struct, kw_only=True):
    """One figure of both runs. ``change`` is b minus a, null where one of them is unknown."""

    a: float | None
    b: float | None
    change: float | None


class ToolDelta(Struct, kw_only=True):
    """How often each run took a kind of step by a name, how often it failed, and how long it took together."""

    kind: str
    name: str
    a_calls: int
    b_calls: int
    a_failed: int
    b_failed: int
    duration_ms: Delta
    cost: Delta


class DiffRow(Struct, kw_only=True):
    """One place of the alignment. ``op`` is same, changed, only_a or only_b; ``changed`` names what differs: arguments,
    model, status, error."""

    op: str
    changed: list[str]
    a: RunStep | None
    b: RunStep | None


class Divergence(Struct, kw_only=True):
    """Where the runs first part: the row's place in the whole alignment, the last step both took, and a sentence."""

    index: int
    after: str | None
    text: str
    row: DiffRow


class RunDiff(Struct, kw_only=True):
    """Two runs. ``rows`` are the first of the alignment, ``rows_omitted`` as many follow; counts are of all of them.

    ``is_partial``: a run was so long that only its beginning, its end and its failures were compared.
    """

    a: TaskView
    b: TaskView
    identical: bool
    summary: str
    first_divergence: Divergence | None
    same_steps: int
    changed_steps: int
    only_a_steps: int
    only_b_steps: int
    outcome: list[str]
    duration_ms: Delta
    cost: Delta
    tokens_in: Delta
    tokens_out: Delta
    llm_calls: Delta
    actions: Delta
    errors: Delta
    retries: Delta
    tools: list[ToolDelta]
    rows: list[DiffRow]
    rows_omitted: int
    is_partial: bool


class _Side(NamedTuple):
    view: TaskView
    steps: list[RunStep]
    arguments: list[str | None]


def diff_runs(a: tuple[TaskRow, RunEvents], b: tuple[TaskRow, RunEvents], now: int, limit: int) -> RunDiff:
    """Compare two runs; at most ``limit`` rows are answered. ``now`` in microseconds."""
    left, right = _side(*a, now), _side(*b, now)
    rows = _rows(left, right)
    counts = {op: sum(row.op == op for row in rows) for op in ("same", "changed", "only_a", "only_b")}
    first = _first(rows)
    same_end = left.view.derived_status == right.view.derived_status
    return RunDiff(
        a=left.view,
        b=right.view,
        identical=first is None and same_end,
        summary=_summary(left.view, right.view, counts, first),
        first_divergence=first,
        same_steps=counts["same"],
        changed_steps=counts["changed"],
        only_a_steps=counts["only_a"],
        only_b_steps=counts["only_b"],
        outcome=[left.view.derived_status, right.view.derived_status],
        duration_ms=_delta(left.view.duration_ms, right.view.duration_ms),
        cost=_delta(_cost(left.view), _cost(right.view)),
        tokens_in=_delta(left.view.total_tokens_in, right.view.total_tokens_in),
        tokens_out=_delta(left.view.total_tokens_out, right.view.total_tokens_out),
        llm_calls=_delta(left.view.llm_call_count, right.view.llm_call_count),
        actions=_delta(left.view.action_count, right.view.action_count),
        errors=_delta(left.view.error_count, right.view.error_count),
        retries=_delta(left.view.retry_count, right.view.retry_count),
        tools=_tools(left.steps, right.steps),
        rows=rows[:limit],
        rows_omitted=max(0, len(rows) - limit),
        is_partial=a[1].omitted > 0 or b[1].omitted > 0,
    )


def _side(row: TaskRow, run: RunEvents, now: int) -> _Side:
    steps, arguments = run_steps([(event, payload_of(event)) for event in run.events])
    return _Side(task_view(row, now), steps, arguments)


def _cost(view: TaskView) -> float | None:
    """A run without model calls cost nothing; one whose calls told no price cost nobody knows what."""
    return 0.0 if view.llm_call_count == 0 else view.total_cost


def _delta(a: float | None, b: float | None) -> Delta:
    return Delta(a=a, b=b, change=None if a is None or b is None else round(b - a, 9))


def _rows(left: _Side, right: _Side) -> list[DiffRow]:
    def alike(side: _Side) -> list[tuple[str, str]]:
        return [(step.kind, step.name) for step in side.steps]

    def exact(side: _Side) -> list[tuple[object, ...]]:
        return [
            (step.kind, step.name, step.depth, arguments, step.model)
            for step, arguments in zip(side.steps, side.arguments, strict=True)
        ]

    rows = []
    for i, j in align(exact(left), exact(right), alike(left), alike(right)):
        if i is None or j is None:
            step_a = None if i is None else left.steps[i]
            step_b = None if j is None else right.steps[j]
            rows.append(DiffRow(op="only_b" if i is None else "only_a", changed=[], a=step_a, b=step_b))
            continue
        one, other = left.steps[i], right.steps[j]
        changed = [name for name in _TELLING if getattr(one, name) != getattr(other, name)]
        if left.arguments[i] != right.arguments[j] and "arguments" not in changed:
            changed.insert(0, "arguments")  # they differ beyond what is shown
        rows.append(DiffRow(op="changed" if changed else "same", changed=changed, a=one, b=other))
    return rows


def _first(rows: list[DiffRow]) -> Divergence | None:
    at = next((at for at, row in enumerate(rows) if row.op != "same"), None)
    if at is None:
        return None
    before = rows[at - 1].a if at else None
    row = rows[at]
    # What only one run did there is best told with what the other did instead.
    instead = _instead(rows, at)
    return Divergence(
        index=at,
        after=None if before is None else before.label,
        text=_parting(row, instead),
        row=row if instead is None else DiffRow(op="changed", changed=["step"], a=row.a, b=instead),
    )


def _instead(rows: list[DiffRow], at: int) -> RunStep | None:
    """What b did in place of the steps only a has; None when it did nothing else."""
    if rows[at].op != "only_a":
        return None
    while at < len(rows) and rows[at].op == "only_a":
        at += 1
    return rows[at].b if at < len(rows) and rows[at].op == "only_b" else None


def _named(step: RunStep | None) -> str:
    return "nothing" if step is None else step.label


def _parting(row: DiffRow, instead: RunStep | None) -> str:
    if instead is not None:
        return f"a did {_named(row.a)} where b did {_named(instead)}"
    if row.op == "only_a":
        return f"only a did {_named(row.a)}"
    if row.op == "only_b":
        return f"only b did {_named(row.b)}"
    if row.changed == ["arguments"]:
        return f"{_named(row.a)} was called with other arguments"
    parts = [
        f"{name} {_told(row.a, name)} became {_told(row.b, name)}"
        for name in row.changed
        if name != "arguments"
    ]
    return f"{_named(row.a)}: {', '.join(parts)}"


def _told(step: RunStep | None, name: str) -> str:
    value = getattr(step, name)
    return "none" if value is None else f"“{str(value)[:120]}”"


def _summary(a: TaskView, b: TaskView, counts: dict[str, int], first: Divergence | None) -> str:
    ends = (
        f"both {a.derived_status}"
        if a.derived_status == b.derived_status
        else f"a {a.derived_status}, b {b.derived_status}"
    )
    if first is None:
        return f"The runs took the same {counts['same']} steps ({ends})."
    unlike = counts["changed"] + counts["only_a"] + counts["only_b"]
    after = f" after {first.after}" if first.after else " at the first step"
    return f"The runs part{after}: {first.text}. {plural(counts['same'], 'step')} {'is' if counts['same'] == 1 else 'are'} the same, {unlike} are not ({ends})."


def _tools(a: Sequence[RunStep], b: Sequence[RunStep]) -> list[ToolDelta]:
    """By kind and name, those that differ most in number first."""
    groups: dict[tuple[str, str], tuple[list[RunStep], list[RunStep]]] = {}
    for at, steps in enumerate((a, b)):
        for step in steps:
            groups.setdefault((step.kind, step.name), ([], []))[at].append(step)
    made = [_tool(key, *sides) for key, sides in groups.items()]
    return sorted(
        made, key=lambda one: (-abs(one.b_calls - one.a_calls), -(one.a_calls + one.b_calls), one.name)
    )


def _tool(key: tuple[str, str], a: list[RunStep], b: list[RunStep]) -> ToolDelta:
    return ToolDelta(
        kind=key[0],
        name=key[1],
        a_calls=len(a),
        b_calls=len(b),
        a_failed=sum(step.status == "failed" for step in a),
        b_failed=sum(step.status == "failed" for step in b),
        duration_ms=_delta(_sum(a, "duration_ms"), _sum(b, "duration_ms")),
        cost=_delta(_sum(a, "cost"), _sum(b, "cost")),
    )


def _sum(steps: list[RunStep], name: str) -> float | None:
    """The known values together, 0 for no steps, None where there are steps and none told it."""
    known = [getattr(step, name) for step in steps if getattr(step, name) is not None]
    return sum(known) if known or not steps else None
