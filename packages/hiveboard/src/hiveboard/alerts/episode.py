"""When is somebody told: once per subject while a condition holds, not within a cooldown, not while silenced."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from hiveboard.instant import MINUTE_US

from .alert import Alert, make_alert
from .condition import Budget
from .evaluate_runs import Failure
from .finding import Finding, Found
from .rule import Rule, cooldown_us, is_silenced
from .wording import count_words, duration_words, name_words

__all__ = ["Backlog", "Episode", "RuleState", "advance"]

#: More subjects at once are told by one alert that names some of them.
_TOLD_APART = 5
_NAMED = 10
_MAX_SUBJECTS = 2_000
#: How long a subject whose condition ended is remembered, so that news of its end is not taken for another case.
_REMEMBERED_US = 10 * MINUTE_US


class Episode(Struct):
    """A condition that holds for a subject since ``began``; ``told`` whether anybody was told."""

    began: int
    finding: Finding
    told: bool = False


class Backlog(Struct):
    """What happened within a cooldown and is told when it is over: how often, and the latest."""

    count: int
    finding: Finding


class RuleState(Struct):
    """What has to survive a restart so that nothing is told twice or never. ``outbox`` holds alerts on their way to the
    history; ``cursor`` is the number of the last event looked at."""

    generation: int
    cursor: int
    firing: dict[str, Episode] = {}
    ended: dict[str, int] = {}
    quiet_until: dict[str, int] = {}
    backlog: dict[str, Backlog] = {}
    failures: list[Failure] = []
    outbox: list[Alert] = []


def advance(rule: Rule, state: RuleState, found: Found, now: int) -> bool:
    """Bring ``state`` up to what was found at ``now``; what is to be told goes into its outbox.

    Returns whether anything changed that has to be kept.
    """
    before = (dict(state.quiet_until), dict(state.ended), len(state.backlog), len(state.outbox))
    ended = _end(state, found, now)
    begun = _begin(state, found, now)
    if is_silenced(rule, now):
        silent = bool(found.happened or state.backlog)
        state.backlog.clear()
        return bool(ended or begun or silent)
    told = _tell_holding(rule, state, now)
    told += _tell_happened(rule, state, found.happened, now)
    _tell_ended(rule, state, ended, now)
    _prune(state, now)
    after = (dict(state.quiet_until), dict(state.ended), len(state.backlog), len(state.outbox))
    return bool(ended or begun or told or found.happened) or before != after


def _end(state: RuleState, found: Found, now: int) -> list[Episode]:
    over = [subject for subject in state.firing if subject not in found.holding]
    for subject in over:
        state.ended[subject] = now
    return [state.firing.pop(subject) for subject in over]


def _begin(state: RuleState, found: Found, now: int) -> list[Episode]:
    begun = []
    for subject, finding in found.holding.items():
        episode = state.firing.get(subject)
        if episode is not None:
            episode.finding = finding
        elif len(state.firing) < _MAX_SUBJECTS:
            begun.append(Episode(now, finding, told=finding.is_quiet))
            state.firing[subject] = begun[-1]
    return begun


def _tell_holding(rule: Rule, state: RuleState, now: int) -> int:
    due = [
        episode
        for episode in state.firing.values()
        if not episode.told and now >= state.quiet_until.get(episode.finding.cooldown_key, now)
    ]
    for episode in due:
        episode.told = True
    _tell(rule, state, [episode.finding for episode in due], now)
    return len(due)


def _tell_happened(rule: Rule, state: RuleState, news: list[Finding], now: int) -> int:
    """What happened, each by itself unless its cooldown runs; what gathered meanwhile is told when that is over."""
    due = []
    cooldown = cooldown_us(rule)
    for finding in news:
        if finding.subject in state.firing or finding.subject in state.ended:
            continue
        key = finding.cooldown_key
        if now >= state.quiet_until.get(key, now) and key not in state.backlog:
            due.append(finding)
            if cooldown:
                state.quiet_until[key] = now + cooldown
        else:
            count = state.backlog[key].count if key in state.backlog else 0
            state.backlog[key] = Backlog(count + 1, finding)
    _tell(rule, state, due, now)
    for key in [key for key in state.backlog if now >= state.quiet_until.get(key, now)]:
        waited = state.backlog.pop(key)
        extra = waited.count - 1
        text = waited.finding.text
        if extra:
            text += f" Since the last alert there were {count_words(extra, 'more', 'more')} like it."
        state.outbox.append(make_alert(rule, waited.finding, now, text=text, more=extra))
        if cooldown:
            state.quiet_until[key] = now + cooldown
        due.append(waited.finding)
    return len(due)


def _tell(rule: Rule, state: RuleState, findings: list[Finding], now: int) -> None:
    if not findings:
        return
    cooldown = cooldown_us(rule)
    if cooldown:
        for finding in findings:
            state.quiet_until[finding.cooldown_key] = now + cooldown
    if len(findings) <= _TOLD_APART:
        state.outbox.extend(make_alert(rule, finding, now) for finding in findings)
        return
    state.outbox.append(_together(rule, findings, now))


def _together(rule: Rule, findings: list[Finding], now: int) -> Alert:
    """One alert for many subjects, which names the first of them."""
    lines = [f"- {finding.title}" for finding in findings[:_NAMED]]
    if len(findings) > _NAMED:
        lines.append(f"- and {len(findings) - _NAMED:,} more")
    view = findings[0].path.partition("?")[0].partition("/run/")[0]
    many = msgspec.structs.replace(
        findings[0], path="#/tasks" if view == "#" else view, since=min(finding.since for finding in findings),
        agent_id=None, task_id=None, task_run_id=None, project_id=None, value=None, threshold=None, unit=None,
    )  # fmt: skip
    title = f"{len(findings):,} cases of {name_words(rule.name)}"
    return make_alert(rule, many, now, title=title, text="\n".join(lines), more=len(findings) - 1)


def _tell_ended(rule: Rule, state: RuleState, ended: list[Episode], now: int) -> None:
    # That a new day begins is no news.
    if not rule.notify_resolved or isinstance(rule.condition, Budget):
        return
    told = [episode for episode in ended if episode.told and not episode.finding.is_quiet]
    if len(told) > _TOLD_APART:
        lines = _together(rule, [episode.finding for episode in told], now)
        lines.state, lines.title = "resolved", f"Over: {lines.title}"
        state.outbox.append(lines)
        return
    for episode in told:
        text = f"It lasted {duration_words(now - min(episode.began, episode.finding.since))}."
        title = f"Over: {episode.finding.title}"
        state.outbox.append(make_alert(rule, episode.finding, now, state="resolved", title=title, text=text))


def _prune(state: RuleState, now: int) -> None:
    for times, limit in ((state.quiet_until, now), (state.ended, now - _REMEMBERED_US)):
        past: list[Any] = [key for key, at in times.items() if at <= limit]
        for key in past:
            del times[key]
