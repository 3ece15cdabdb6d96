"""`--once`: every scenario at full speed, then the runs read back from the collector and judged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import hiveloop
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from .answering import answering
from .board import Board
from .pace import Pace
from .scenario import Case, Scenario
from .staff import perform, register
from .traffic import Served, count_served, recorded_traffic
from .verdict import Verdict, judge, judge_pipeline

__all__ = ["run_once"]

_FLUSH_SECONDS = 20.0
_WIDE = 100
_STATUS_STYLE = {"completed": "green", "failed": "red", "waiting": "yellow"}


def run_once(board: Board, scenarios: Sequence[Scenario], console: Console) -> bool:
    """Run, read back, print; True when the board shows what happened. The agents work at the same time."""
    for scenario in scenarios:
        register(scenario.worker)
    with recorded_traffic(), ThreadPoolExecutor(len(scenarios)) as threads:
        performed = list(threads.map(partial(_perform_all, board), scenarios))
    delivered = hiveloop.flush(_FLUSH_SECONDS)
    verdicts = [_judged(board, s, *run) for s, runs in zip(scenarios, performed, strict=True) for run in runs]
    console.print(_table(verdicts, narrow=console.width < _WIDE))
    problems = [
        f"{v.scenario.worker.agent_id} {v.case.session_id}: {p}" for v in verdicts for p in v.problems
    ]
    with_pipeline = [scenario for scenario in scenarios if scenario.has_pipeline]
    problems += [f"{s.worker.agent_id}: {p}" for s in with_pipeline for p in judge_pipeline(board, s)]
    if not delivered:
        problems.append(f"events were still undelivered after {_FLUSH_SECONDS:.0f} s")
    for problem in problems:
        console.print(f"[red]✗[/] {problem}", highlight=False, soft_wrap=True)
    if not problems:
        console.print(f"[green]✓[/] The collector has all {len(verdicts)} runs, as recorded.")
    return not problems


def _perform_all(board: Board, scenario: Scenario) -> list[tuple[Case, Served, str | None]]:
    """The cases of one agent in turn, each with what was served to it and how it crashed, if it did."""
    runs: list[tuple[Case, Served, str | None]] = []
    for case in scenario.cases:
        if not case.once:
            continue
        with count_served() as served, answering(board, scenario, case):
            crash = perform(scenario, case, Pace(), case.session_id)
        runs.append((case, served, crash))
    return runs


def _judged(board: Board, scenario: Scenario, case: Case, served: Served, crash: str | None) -> Verdict:
    verdict = judge(board, scenario, case, served)
    if crash is not None:
        verdict.problems.insert(0, f"the agent crashed: {crash}")
    return verdict


def _table(verdicts: Sequence[Verdict], *, narrow: bool) -> Table:
    """One row a run; where it is narrow, a task's id goes without the agent's name it begins with."""
    table = Table(title="Runs, as the collector tells them", title_justify="left", box=SIMPLE_HEAD)
    table.pad_edge, table.padding = False, (0, 1, 0, 0)
    table.add_column("Agent", style="bold", no_wrap=True)
    table.add_column("Task", overflow="fold")  # the one column that may break on a narrow terminal
    table.add_column("Status", no_wrap=True)
    for name in ("LLM calls", "Tokens in", "Tokens out", "Cost", "Duration"):
        table.add_column(name, justify="right", no_wrap=name in ("Cost", "Duration"))
    for verdict in verdicts:
        agent_id = verdict.scenario.worker.agent_id
        task_id, *rest = _cells(verdict)
        table.add_row(agent_id, task_id.removeprefix(f"{agent_id}-") if narrow else task_id, *rest)
    return table


def _cells(verdict: Verdict) -> list[str]:
    row = verdict.row
    if row is None:
        return [verdict.case.session_id, "[red]missing[/]", *["-"] * 5]
    status = str(row.get("derived_status"))
    cost, duration = row.get("total_cost"), row.get("duration_ms")
    return [
        str(row.get("task_id")),
        f"[{_STATUS_STYLE.get(status, 'white')}]{status}[/]",
        *(_number(row.get(name)) for name in ("llm_call_count", "total_tokens_in", "total_tokens_out")),
        _money(cost, estimated=bool(row.get("estimated_cost"))),
        "-" if duration is None else f"{duration / 1000:.2f} s",
    ]


def _money(dollars: float | None, *, estimated: bool) -> str:
    """US dollars with the digits the page shows: three that count, at least two decimals; ``~`` before an estimate."""
    if dollars is None:
        return "-"
    if dollars <= 0:
        return "$0"
    decimals = 2 if dollars >= 0.995 else min(12, 2 - math.floor(math.log10(dollars)))
    whole, _, part = f"{dollars:,.{decimals}f}".partition(".")
    return f"{'~' if estimated else ''}${whole}.{part[:2]}{part[2:].rstrip('0')}"


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
