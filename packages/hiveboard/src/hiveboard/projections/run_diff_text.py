"""A comparison of two runs as Markdown, for pull requests and terminals."""

from __future__ import annotations

import re

from .run_diff import Delta, DiffRow, RunDiff
from .run_steps import RunStep
from .task_status import TaskView
from .wording import amount, duration

__all__ = ["diff_markdown"]

_MAX_ROWS = 200
_CONTEXT = 2
_MARKS = {"same": " ", "changed": "!", "only_a": "-", "only_b": "+"}  # as ``diff`` blocks are coloured
# What means something in the middle of a line; an underscore only where it is not within a word.
_SPECIAL = re.compile(r"([\\`*{}\[\]<>|~]|(?<![^\W_])_|_(?![^\W_]))")
_BLANK = re.compile(r"\s+")


def diff_markdown(diff: RunDiff) -> str:
    """The summary, the figures, the tools that differ, and the steps around every difference."""
    parts = [
        "# Run diff",
        plain(diff.summary),
        "\n".join(["| | a | b | change |", "|---|---|---|---|", *_figures(diff)]),
    ]
    tools = [tool for tool in diff.tools if tool.a_calls != tool.b_calls or tool.a_failed != tool.b_failed]
    if tools:
        head = ["| step | a | b | failed a | failed b |", "|---|---|---|---|---|"]
        lines = [
            f"| {plain(tool.name if tool.kind in tool.name else f'{tool.kind} {tool.name}')} | {tool.a_calls} | {tool.b_calls} | {tool.a_failed} | {tool.b_failed} |"
            for tool in tools[:_MAX_ROWS]
        ]
        parts += ["## Steps taken more or less often", "\n".join([*head, *lines])]
    parts += ["## Steps", _steps(diff)]
    if diff.is_partial:
        parts.append("A run was too long to be compared whole: its beginning, its end and its failures were.")
    return "\n\n".join(parts) + "\n"


def plain(text: str) -> str:
    """Text that stands for itself in Markdown, on one line."""
    return _SPECIAL.sub(r"\\\1", _BLANK.sub(" ", text).strip())


def _figures(diff: RunDiff) -> list[str]:
    def run(view: TaskView) -> str:
        return plain(f"{view.task_id} {view.task_run_id}".strip())

    def number(value: float) -> str:
        return f"{value:,.0f}"

    lines = [
        f"| run | {run(diff.a)} | {run(diff.b)} | |",
        f"| agent | {plain(diff.a.agent_id)} | {plain(diff.b.agent_id)} | |",
        f"| version | {plain(diff.a.agent_version or '?')} | {plain(diff.b.agent_version or '?')} | |",
        f"| outcome | {diff.a.derived_status} | {diff.b.derived_status} | |",
    ]
    for name, delta, form in (
        ("duration", diff.duration_ms, lambda value: duration(int(value))),
        ("cost", diff.cost, amount),
        ("tokens in", diff.tokens_in, number),
        ("tokens out", diff.tokens_out, number),
        ("model calls", diff.llm_calls, number),
        ("actions", diff.actions, number),
        ("errors", diff.errors, number),
        ("retries", diff.retries, number),
    ):
        lines.append(_figure(name, delta, form))
    for side, view in (("a", diff.a), ("b", diff.b)):
        if view.error:
            lines.append(f"| error of {side} | {plain(view.error[:300])} | | |")
    return lines


def _figure(name: str, delta: Delta, form: object) -> str:
    def told(value: float | None, sign: bool = False) -> str:
        if value is None:
            return "?"
        mark = ("+" if value > 0 else "−" if value < 0 else "±") if sign else ""
        return mark + str(form(abs(value)))  # type: ignore[operator]

    return f"| {name} | {told(delta.a)} | {told(delta.b)} | {told(delta.change, sign=True)} |"


def _steps(diff: RunDiff) -> str:
    """The rows near a difference; what lies between is counted."""
    unlike = [at for at, row in enumerate(diff.rows) if row.op != "same"]
    shown = sorted(
        {
            near
            for at in unlike
            for near in range(at - _CONTEXT, at + _CONTEXT + 1)
            if 0 <= near < len(diff.rows)
        }
    )
    if not shown:
        return f"All {diff.same_steps:,} steps are the same."
    lines, last = [], -1
    for at in shown[:_MAX_ROWS]:
        if at > last + 1:
            lines.append(f"… {at - last - 1:,} equal")
        lines.append(_line(diff.rows[at]))
        last = at
    rest = len(diff.rows) - last - 1 + diff.rows_omitted
    if rest:
        lines.append(f"… {rest:,} more")
    body = "\n".join(lines).replace("```", "'''")
    return f"```diff\n{body}\n```"


def _line(row: DiffRow) -> str:
    step = row.a or row.b
    if step is None:
        return ""
    indent = "  " * min(step.depth, 12)
    text = step.label
    if row.changed and row.a and row.b:
        text += " — " + "; ".join(
            f"{name}: {_value(row.a, name)} → {_value(row.b, name)}" for name in row.changed
        )
    elif step.error:
        text += f" — {step.error}"
    return _BLANK.sub(" ", f"{_MARKS[row.op]} ") + indent + _BLANK.sub(" ", text)[:400]


def _value(step: RunStep, name: str) -> str:
    value = getattr(step, name, None)
    return "none" if value is None else str(value)[:120]
