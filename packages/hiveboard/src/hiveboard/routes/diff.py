"""Two runs compared: as JSON, or as Markdown."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from hiveboard.errors import NotFoundError
from hiveboard.projections.run_diff import RunDiff, diff_runs
from hiveboard.projections.run_diff_text import diff_markdown
from hiveboard.store.rows import RunEvents, TaskRow

from .params import choice, integer, text
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]

_MARKDOWN = "text/markdown"
_MAX_NAMED = 513


async def diff(context: Context) -> RunDiff | Response:
    """Two runs, aligned."""
    params = context.params
    a, b = await asyncio.gather(
        *(_run(context, params[side], params[f"{side}_run"], side) for side in ("a", "b"))
    )
    # Aligning ten thousand steps takes a moment; the loop goes on serving others meanwhile.
    found = await asyncio.to_thread(diff_runs, a, b, context.services.clock(), params["limit"])
    if params["format"] == "markdown" or (params["format"] is None and _wants_markdown(context)):
        return Response(
            diff_markdown(found),
            headers={"Cache-Control": "no-store"},
            media_type=f"{_MARKDOWN}; charset=utf-8",
        )
    return found


def _wants_markdown(context: Context) -> bool:
    accepted = [
        part.partition(";")[0].strip().lower()
        for part in context.request.headers.get("accept", "").split(",")
    ]
    return _MARKDOWN in accepted and "application/json" not in accepted


async def _run(context: Context, named: str, run_id: str | None, side: str) -> tuple[TaskRow, RunEvents]:
    """The run ``task`` or ``task:run`` names, with its events. Raises the 404 envelope."""
    row = await context.store.task(context.tenant, named, run_id)
    task_id, colon, last = named.rpartition(":")
    if row is None and run_id is None and colon:
        row = await context.store.task(context.tenant, task_id, last)
    if row is None:
        raise NotFoundError(f"{side}: there is no run {named[:64]!r} here", code="task_not_found")
    limit = context.services.settings.limits.timeline_events
    return row, await context.store.task_events(context.tenant, row.state, limit)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/diff",
        diff,
        RunDiff,
        "Two runs aligned step by step: where they first part, and what differs in cost, time and tools. As Markdown "
        "with `format=markdown` or `Accept: text/markdown`.",
        (
            text(
                "a",
                "The first run: a task id (its latest run), or `task:run`.",
                max_length=_MAX_NAMED,
                required=True,
            ),
            text("b", "The second run, likewise.", max_length=_MAX_NAMED, required=True),
            text("a_run", "Run id of the first, for task ids with colons in them."),
            text("b_run", "Run id of the second."),
            integer(
                "limit", "How many rows of the alignment to return.", minimum=1, maximum=20_000, default=2_000
            ),
            choice("format", "How to answer; `json` when absent.", ("json", "markdown")),
        ),
        errors=(400, 404),
        also=(_MARKDOWN,),
    ),
)
