"""``hiveboard top``: the fleet in the terminal, or one snapshot of it where nobody looks at a terminal."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import Key, Project, Url
from .terminal import cell, fail, output, plain

if TYPE_CHECKING:
    from rich.console import Group

    from .client import Client

__all__ = ["top"]

_MOST_AGENTS = 1_000
_STYLES = {
    "stuck": "bold red", "error": "red", "waiting_approval": "yellow", "processing": "cyan", "offline": "dim",
}  # fmt: skip
_ATTENTION = ("stuck", "error", "waiting_approval")


def top(
    project: Project = None,
    environment: Annotated[str | None, typer.Option(help="Only this environment.")] = None,
    interval: Annotated[float, typer.Option(min=0.5, max=3600, help="Seconds between looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="One snapshot, as when piped.")] = False,
    url: Url = "http://127.0.0.1:8000",
    key: Key = None,
) -> None:
    """Show the fleet: who is at work on what, since when, what waits, what the last hour cost. Ctrl-C ends it."""
    from .client import Client, ClientError

    console = output()
    try:
        client = Client(url, key)
        if once or not console.is_terminal:
            console.print(_picture(client, project, environment, None))
            return
        _live(client, project, environment, interval)
    except ClientError as error:
        raise fail(str(error)) from None


def _live(client: Client, project: str | None, environment: str | None, interval: float) -> None:
    from rich.live import Live
    from rich.text import Text

    from .client import ClientError

    console = output()
    with (
        contextlib.suppress(KeyboardInterrupt),
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        picture: Any = _picture(client, project, environment, console.height)
        while True:
            live.update(picture, refresh=True)
            time.sleep(interval)
            try:
                picture = _picture(client, project, environment, console.height)
            except ClientError as error:
                picture = Text(plain(f"{error}; trying again"), style="red")


def _picture(client: Client, project: str | None, environment: str | None, height: int | None) -> Group:
    """The whole fleet, or what of it fits into ``height`` lines."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    agents = list(
        client.rows(dict[str, Any], "/v1/agents", _MOST_AGENTS, project_id=project, environment=environment)
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("agent", "status", "task"):
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    for name in ("for", "queue", "done/h", "failed/h", "cost/h"):
        table.add_column(name, justify="right", no_wrap=True)
    room = len(agents) if height is None else max(1, height - 4)
    for agent in agents[:room]:
        table.add_row(*_cells(agent))
    lines: list[Any] = [
        Text(_headline(agents), style="bold"),
        table if agents else Text("No agent yet.", style="dim"),
    ]
    if len(agents) > room:
        lines.append(Text(f"… {len(agents) - room:,} more agents, all of them less urgent", style="dim"))
    return Group(*lines)


def _headline(agents: list[dict[str, Any]]) -> str:
    from hiveboard.projections.wording import amount, plural

    statuses = [str(agent.get("derived_status")) for agent in agents]
    costs = [
        cost for agent in agents if (cost := (agent.get("stats_1h") or {}).get("total_cost")) is not None
    ]
    urgent = sum(status in _ATTENTION for status in statuses)
    known = f"{amount(sum(costs))} in the last hour" if costs else "cost of the last hour unknown"
    return f"{plural(len(agents), 'agent')}, {statuses.count('processing')} at work, {urgent} need attention, {known}"


def _cells(agent: dict[str, Any]) -> list[Any]:
    from hiveboard.instant import now_us, parse_instant
    from hiveboard.projections.wording import amount, duration

    status, stats = str(agent.get("derived_status")), agent.get("stats_1h") or {}
    started, cost = agent.get("current_task_started_at"), stats.get("total_cost")
    since = parse_instant(started) if isinstance(started, str) else None
    age = "" if since is None else duration(max(0, (now_us() - since) // 1000))
    failed = stats.get("tasks_failed")
    return [
        cell(agent.get("agent_id")),
        cell(status.replace("_", " "), _STYLES.get(status, "green")),
        cell(agent.get("current_task_id")),
        cell(age),
        cell(stats.get("queue_depth")),
        cell(stats.get("tasks_completed")),
        cell(failed, "red" if failed else ""),
        cell("–" if cost is None else ("~" if stats.get("estimated_cost") else "") + amount(cost)),
    ]
