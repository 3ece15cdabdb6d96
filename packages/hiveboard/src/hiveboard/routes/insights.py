"""Insights: every question with its answer, one of them with its rows, the findings of the detectors, the waste ledger."""

from __future__ import annotations

import asyncio

from msgspec import Struct

from hiveboard.errors import NotFoundError
from hiveboard.instant import format_instant
from hiveboard.projections.detectors.catalogue import DETECTORS, all_findings
from hiveboard.projections.finding import Finding
from hiveboard.projections.insights.answer import Breakdown, Insight
from hiveboard.projections.insights.catalogue import GROUPS, QUESTIONS, breakdown, insight
from hiveboard.projections.insights.facts import Facts
from hiveboard.projections.links import Evidence, Links
from hiveboard.projections.run_waste import Loop
from hiveboard.projections.time_range import RANGES
from hiveboard.projections.waste import AgentWaste

from .insight_facts import gather, gather_waste
from .metrics import SCOPE_PARAMS, asked_scope
from .params import choice
from .table import Context, Endpoint
from .watched_facts import watch

__all__ = ["ENDPOINTS"]

_SEVERITIES = ("warn", "error")
#: How many runs are read for waste, and how many events of each: for the list of insights, and for the ledger itself.
_A_FEW, _MORE = (5, 300), (40, 2_000)
_BY_ID = {question.id: question for question in QUESTIONS}


class Insights(Struct, kw_only=True):
    """The answer: the period, the insights in the order of the catalogue, and what detectors found."""

    range: str
    since: str
    until: str
    insights: list[Insight]
    findings: list[Finding]


class Findings(Struct, kw_only=True):
    """What the server noticed now, errors first; at most a hundred."""

    findings: list[Finding]


class WastedRun(Struct, kw_only=True):
    """A completed run with attempts or calls in vain."""

    agent_id: str
    run: Evidence
    retry_cost: float | None
    retry_minutes: float
    loop_cost: float | None
    loop_minutes: float
    loops: list[Loop]


class WasteLedger(Struct, kw_only=True):
    """The ledger of a period. ``examined`` of ``suspects`` completed runs were read for retries and loops, so that those
    sums are at least so much; ``unpriced`` parts are in no sum of money."""

    range: str
    since: str
    until: str
    cost: float | None
    unpriced: int
    minutes: float
    agents: list[AgentWaste]
    examined: int
    suspects: int
    runs: list[WastedRun]
    failed_runs: list[Evidence]


async def _facts(context: Context, look_into: tuple[int, int]) -> Facts:
    scope = asked_scope(context)
    return await gather(context, scope, look_into)


async def insights(context: Context) -> Insights:
    """Every question, or those of one group."""
    facts, group = await _facts(context, _A_FEW), context.params["part"]
    asked = [question for question in QUESTIONS if group in (None, question.group)]
    # Dozens of small sums take some milliseconds: others are served meanwhile.
    answered = await asyncio.to_thread(lambda: [insight(question, facts) for question in asked])
    return Insights(
        range=facts.range,
        since=format_instant(facts.span.since),
        until=format_instant(facts.span.until),
        insights=answered,
        findings=facts.findings,
    )


async def one_insight(context: Context) -> Breakdown:
    """One question with its rows."""
    question = _BY_ID.get(context.params["insight_id"])
    if question is None:
        raise NotFoundError("there is no such insight; GET /v1/insights lists them", code="insight_not_found")
    return breakdown(question, await _facts(context, _MORE if question.id == "waste" else _A_FEW))


async def findings(context: Context) -> Findings:
    """What the detectors find now."""
    found = all_findings(await watch(context, asked_scope(context)))
    wanted = context.params["detector"], context.params["severity"]
    return Findings(
        findings=[
            one for one in found if wanted[0] in (None, one.detector) and wanted[1] in (None, one.severity)
        ]
    )


async def waste(context: Context) -> WasteLedger:
    """Money and minutes that led nowhere."""
    scope = asked_scope(context)
    span, found, failed = await gather_waste(context, scope, _MORE)
    links = Links(scope)
    return WasteLedger(
        range=context.params["range"],
        since=format_instant(span.since),
        until=format_instant(span.until),
        cost=found.cost,
        unpriced=found.unpriced,
        minutes=found.minutes,
        agents=found.agents,
        examined=found.examined,
        suspects=found.suspects,
        runs=[
            WastedRun(
                agent_id=row.state.agent_id,
                run=links.run(row.state.task_id, row.state.task_run_id),
                retry_cost=one.retry_cost,
                retry_minutes=round(one.retry_ms / 60_000, 3),
                loop_cost=one.loop_cost,
                loop_minutes=round(one.loop_ms / 60_000, 3),
                loops=one.loops,
            )
            for row, one in found.repeated
        ],
        failed_runs=[links.run(row.state.task_id, row.state.task_run_id) for row in failed],
    )


_RANGE = choice("range", "How far back from now.", tuple(RANGES), "24h")

ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/insights",
        insights,
        Insights,
        "The questions people ask of a fleet, each with its number, what it was before, its trend and its evidence; and "
        "what the server noticed by itself.",
        (*SCOPE_PARAMS, _RANGE, choice("part", "Only the questions of this group.", GROUPS)),
        errors=(400,),
    ),
    Endpoint(
        "GET",
        "/v1/insights/{insight_id:id}",
        one_insight,
        Breakdown,
        "One question with the rows its number comes from.",
        (*SCOPE_PARAMS, _RANGE),
        errors=(400, 404),
    ),
    Endpoint(
        "GET",
        "/v1/findings",
        findings,
        Findings,
        "What the server notices by itself now; what agents reported in open issues is not repeated.",
        (
            *SCOPE_PARAMS,
            choice("detector", "Only what this detector found.", tuple(DETECTORS)),
            choice("severity", "Only of this severity.", _SEVERITIES),
        ),
        errors=(400,),
    ),
    Endpoint(
        "GET",
        "/v1/waste",
        waste,
        WasteLedger,
        "Money and minutes spent on failed and abandoned runs, failed attempts and repeated calls, by agent.",
        (*SCOPE_PARAMS, _RANGE),
        errors=(400,),
    ),
)
