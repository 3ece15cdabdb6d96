"""All detectors, what they found that nobody has reported, the gravest first."""

from __future__ import annotations

import re
from collections.abc import Callable

from hiveboard.projections.finding import Finding
from hiveboard.projections.issue import is_active, issue_view
from hiveboard.store.rows import IssueRow

from .failing import credential_failure, error_burst, stuck_fleet, throughput_drop
from .spending import cost_spike, model_imbalance, token_waste
from .vanishing import contradiction, heartbeat_drift, silent_drop
from .watched import Watched

__all__ = ["DETECTORS", "MAX_FINDINGS", "all_findings"]

MAX_FINDINGS = 100

DETECTORS: dict[str, Callable[[Watched], list[Finding]]] = {
    "cost_spike": cost_spike,
    "error_burst": error_burst,
    "stuck_fleet": stuck_fleet,
    "throughput_drop": throughput_drop,
    "token_waste": token_waste,
    "model_imbalance": model_imbalance,
    "silent_drop": silent_drop,
    "contradiction": contradiction,
    "heartbeat_drift": heartbeat_drift,
    "credential_failure": credential_failure,
}

# By what words an agent's own issue is about the same thing.
_SAME = {
    "cost_spike": r"cost|spend|budget",
    "error_burst": r"errors|error rate|failures|failing",
    "token_waste": r"tokens?|prompt|context",
    "silent_drop": r"dropped|vanish\w*|lost|overdue|timed? out",
    "contradiction": r"queue|backlog",
    "heartbeat_drift": r"heartbeat",
    "credential_failure": r"401|403|credentials?|unauthori[sz]ed|forbidden|permissions?|api keys?|token expired|auth\w*",
}
_PATTERNS = {name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _SAME.items()}


def all_findings(watched: Watched) -> list[Finding]:
    """At most a hundred, errors first. What an agent reported itself in an issue that is open is left to the issue."""
    found = [one for detect in DETECTORS.values() for one in detect(watched)]
    told = _reported(watched.issues, {one.agent_id for one in found})
    found = [one for one in found if not _is_told(one, told)]
    found.sort(key=lambda one: (one.severity != "error", list(DETECTORS).index(one.detector), one.id))
    return found[:MAX_FINDINGS]


def _reported(issues: list[IssueRow], agents: set[str | None]) -> dict[str, str]:
    """What these agents say in their open issues."""
    texts: dict[str, str] = {}
    for row in issues:
        if row.agent_id in agents and is_active(row.state):
            view = issue_view(row)
            text = " ".join(part for part in (view.summary, view.category, view.issue_id) if part).replace(
                "_", " "
            )
            texts[view.agent_id] = f"{texts.get(view.agent_id, '')}\n{text}"
    return texts


def _is_told(found: Finding, told: dict[str, str]) -> bool:
    pattern = _PATTERNS.get(found.detector)
    return pattern is not None and found.agent_id in told and bool(pattern.search(told[found.agent_id]))
