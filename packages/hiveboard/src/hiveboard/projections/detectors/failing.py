"""Detectors of failure: error burst, stuck fleet, throughput drop, credential failure."""

from __future__ import annotations

from statistics import median

from hiveboard.instant import HOUR_US, MINUTE_US
from hiveboard.projections.finding import Finding
from hiveboard.projections.wording import one_line, plural
from hiveboard.store.rows import OutcomeRow

from .watched import Watched, finding

__all__ = ["credential_failure", "error_burst", "stuck_fleet", "throughput_drop"]

_QUARTERS_A_DAY = 96
_BURST, _GREAT_BURST = 5, 20
_TIMES = 5.0
_FLEET = 3
_DAYS = 3
_DROP, _GREAT_DROP = 0.5, 0.2
_ENOUGH = 10
_REFUSED, _MANY_REFUSED = 3, 20


def error_burst(watched: Watched) -> list[Finding]:
    """Five errors and more of an agent in a quarter of an hour, and five times as many as in a usual one of the day before."""
    before = {row.group[0]: row for row in watched.day_activity}
    found = []
    for row in watched.recent_activity:
        agent = str(row.group[0])
        usual = before[agent].errors / _QUARTERS_A_DAY if agent in before else 0.0
        if row.errors < _BURST or row.errors < _TIMES * usual:
            continue
        found.append(
            finding(
                "error_burst",
                agent,
                f"{one_line(agent)} had {plural(row.errors, 'error')} in the last quarter of an hour; {_usual(usual)} usual.",
                severity="error" if row.errors >= _GREAT_BURST else "warn",
                since=watched.now - 15 * MINUTE_US,
                evidence=[watched.links.view("activity", one_line(agent), agent=agent, feed="error")],
                numbers={"errors": row.errors, "usual": round(usual, 3), "events": row.events},
            )
        )
    return found


def stuck_fleet(watched: Watched) -> list[Finding]:
    """Three agents are stuck, or more than half of those that run when there are two and more."""
    alive = [view for view in watched.views if view.derived_status != "offline"]
    stuck = [view for view in alive if view.is_stuck]
    most = len(alive) >= 2 and len(stuck) > len(alive) / 2
    if len(stuck) < _FLEET and not most:
        return []
    names = ", ".join(one_line(view.agent_id) for view in stuck[:3])
    return [
        finding(
            "stuck_fleet",
            None,
            f"{len(stuck)} of {plural(len(alive), 'running agent')} are stuck: {names}.",
            severity="error" if most else "warn",
            evidence=[watched.links.agent(view.agent_id) for view in stuck[:5]],
            numbers={"stuck": len(stuck), "running": len(alive)},
        )
    ]


def _ended(rows: list[OutcomeRow]) -> int:
    return sum(row.completed + row.failed + row.other for row in rows)


def throughput_drop(watched: Watched) -> list[Finding]:
    """Fewer than half as many runs ended in the last hour as in the same hour of earlier days.

    Only days on which some ended count; there must be three of them, and ten runs in the middle one.
    """
    now = _ended(watched.hour_outcomes)
    days = [ended for day in watched.past_outcomes if (ended := _ended(day))]
    usual = median(days) if len(days) >= _DAYS else 0
    if usual < _ENOUGH or now >= _DROP * usual or now >= min(days):
        return []
    return [
        finding(
            "throughput_drop",
            None,
            f"{plural(now, 'run')} ended in the last hour; {usual:g} are usual at this time of day.",
            severity="error" if now < _GREAT_DROP * usual else "warn",
            since=watched.now - HOUR_US,
            evidence=[watched.links.view("tasks", "Runs"), watched.links.view("fleet", "The fleet")],
            numbers={
                "ended": now,
                "usual": usual,
                "lowest_before": min(days),
                "open_runs": watched.counts.open_tasks,
            },
        )
    ]


def credential_failure(watched: Watched) -> list[Finding]:
    """An agent was refused with 401 or 403 three times within a day.

    One failure may be told by the call, by its action and by a diagnosis: of the three only the greatest number counts.
    """
    most: dict[tuple[str, str], int] = {}
    for row in watched.day_troubles:
        agent, what, status = row.group
        if str(what).startswith("credential_"):
            most[agent, status] = max(most.get((agent, status), 0), row.events)
    found = []
    for (agent, status), refused in sorted(most.items()):
        if refused < _REFUSED:
            continue
        why = "is not accepted" if status == "401" else "may not do this"
        found.append(
            finding(
                "credential_failure",
                agent,
                f"{one_line(agent)} was refused {refused} times with {status} within a day: its key {why}.",
                about=status,
                severity="error" if refused >= _MANY_REFUSED else "warn",
                evidence=[watched.links.view("activity", one_line(agent), agent=agent, feed="error")],
                numbers={"refused": refused, "status": int(status)},
            )
        )
    return found


def _usual(number: float) -> str:
    return "none is" if number < 0.05 else f"{number:.1f} are"
