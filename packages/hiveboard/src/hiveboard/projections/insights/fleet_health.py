"""The fleet as a whole: how healthy it is, and whether it is ready for more."""

from __future__ import annotations

from typing import Any

from hiveboard.projections.wording import plural
from hiveboard.store.rows import OutcomeRow

from .answer import Answer, ratio, unknown
from .facts import Facts, total
from .glance import finished
from .review import rate

__all__ = ["fleet_health", "ready_to_scale"]

_GOOD = 90


def fleet_health(facts: Facts) -> Answer:
    """Question 37: the mean of three shares in points; one that is not known is left out."""
    views = facts.at.views
    if not views:
        return unknown("No agent has been seen here yet.")
    troubled = {one.agent_id for one in facts.at.issues}
    alive = [view for view in views if view.derived_status != "offline"]
    parts = {
        "runs that completed": rate(total(facts.current.outcomes, OutcomeRow)),
        "running agents that are not stuck": ratio(sum(not view.is_stuck for view in alive), len(alive)),
        "agents without an open issue": ratio(
            sum(view.agent_id not in troubled for view in views), len(views)
        ),
    }
    known = {name: value for name, value in parts.items() if value is not None}
    value = round(100 * sum(known.values()) / len(known), 1)
    weakest = min(known, key=lambda name: (known[name], name))
    return Answer(
        value=value,
        explanation=f"{value:g} of 100 points; least good are the {weakest} with {known[weakest]:.0%}."
        if known[weakest] < 1
        else "100 of 100 points.",
        attention=value < _GOOD,
        evidence=[facts.links.view("fleet", "The fleet", show="attention")],
        columns=[("part", "Share of", "text"), ("value", "Share", "ratio")],
        rows=[{"part": name, "value": share} for name, share in parts.items()],
    )


def ready_to_scale(facts: Facts) -> Answer:
    """Question 38: how many of seven checks pass; one that cannot be made does not pass."""
    if not facts.at.views:
        return unknown("No agent has been seen here yet.")
    checks = _checks(facts)
    passed = sum(check["passed"] is True for check in checks)
    missing = [str(check["check"]) for check in checks if check["passed"] is not True]
    return Answer(
        value=passed,
        explanation=f"{passed} of {plural(len(checks), 'check')} pass"
        + (f"; not: {', '.join(missing)}." if missing else "."),
        attention=bool(missing),
        evidence=[
            facts.links.view("fleet", "The fleet"),
            facts.links.view("costs", "Costs", range=facts.range),
        ],
        columns=[("check", "Check", "text"), ("passed", "Passed", "flag"), ("value", "Measured", "number")],
        rows=checks,
    )


def _checks(facts: Facts) -> list[dict[str, Any]]:
    views, outcomes = facts.at.views, total(facts.current.outcomes, OutcomeRow)
    stuck = sum(view.is_stuck for view in views)
    success = rate(outcomes)
    issues = len(facts.at.issues)
    grown = sum(finding.detector == "contradiction" for finding in facts.findings)
    spikes = sum(finding.detector == "cost_spike" for finding in facts.findings)
    alive = sum(view.derived_status != "offline" for view in views)

    def check(name: str, passed: bool | None, value: float | None) -> dict[str, Any]:
        return {"check": name, "passed": passed, "value": value}

    return [
        check("at least two agents run", alive >= 2, alive),
        check("none is stuck", stuck == 0, stuck),
        check("nine of ten runs complete", None if success is None else success >= 0.9, success),
        check("no issue is open", issues == 0, issues),
        check("no queue grows while its agent is idle", grown == 0, grown),
        check("cost does not jump", spikes == 0, spikes),
        check("runs end", finished(outcomes) > 0, finished(outcomes)),
    ]
