"""``hiveboard runs``: task runs as a table."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from .options import AsJson, Key, Project, Since, Until, Url, moment
from .terminal import cell, output

__all__ = ["runs"]

_STATUSES = "completed|failed|cancelled|abandoned|aborted|waiting|stuck|escalated|processing|lost"
_STYLES = {
    "failed": "red", "stuck": "red", "lost": "red", "waiting": "yellow", "escalated": "yellow",
    "completed": "green", "processing": "cyan",
}  # fmt: skip


def runs(
    agent: Annotated[str | None, typer.Option(help="Only this agent.")] = None,
    project: Project = None,
    status: Annotated[str | None, typer.Option(metavar=_STATUSES, help="Only runs in this state.")] = None,
    task_type: Annotated[str | None, typer.Option("--type", help="Only this type of task.")] = None,
    session: Annotated[str | None, typer.Option(help="Only runs of this session.")] = None,
    user: Annotated[str | None, typer.Option(help="Only runs for this user.")] = None,
    search: Annotated[str | None, typer.Option(help="Part of an id, a type, a user or an error.")] = None,
    since: Since = None,
    until: Until = None,
    sort: Annotated[
        str, typer.Option(metavar="newest|oldest|duration|cost", help="What comes first.")
    ] = "newest",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")] = 50,
    as_json: AsJson = False,
    url: Url = "http://127.0.0.1:8000",
    key: Key = None,
) -> None:
    """List task runs, the newest first."""
    from .client import Client, reporting

    with reporting():
        found = Client(url, key).rows(
            dict[str, Any], "/v1/tasks", limit, agent_id=agent, project_id=project, status=status,
            task_type=task_type, session_id=session, user_id=user, q=search, since=moment(since, "--since"),
            until=moment(until, "--until"), sort=sort,
        )  # fmt: skip
        if as_json:
            for row in found:
                # Escaped to ASCII: a terminal takes nothing in it for a command.
                typer.echo(json.dumps(row))
            return
        _print_table(list(found))


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    if not rows:
        output().print("No run fits.", style="dim")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("started", no_wrap=True)
    for name in ("agent", "task", "status"):
        table.add_column(name, no_wrap=True)
    for name in ("duration", "calls", "tokens", "cost"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("error", overflow="ellipsis", no_wrap=True, style="red")
    for row in rows:
        table.add_row(*_cells(row))
    output().print(table)


def _cells(row: dict[str, Any]) -> list[Any]:
    from hiveboard.projections.wording import amount, duration

    status, took, cost = row.get("derived_status"), row.get("duration_ms"), row.get("total_cost")
    tokens = [row.get("total_tokens_in"), row.get("total_tokens_out")]
    known = [count for count in tokens if isinstance(count, int)]
    estimated = "~" if row.get("estimated_cost") else ""
    return [
        cell(str(row.get("started_at", ""))[:19].replace("T", " "), "dim"),
        cell(row.get("agent_id")),
        cell(row.get("task_id")),
        cell(status, _STYLES.get(str(status), "")),
        cell(duration(took) if isinstance(took, int) else "–"),
        cell(row.get("llm_call_count")),
        cell(f"{sum(known):,}" if known else "?"),
        cell(estimated + amount(cost) if isinstance(cost, int | float) else "–"),
        cell(row.get("error")),
    ]
