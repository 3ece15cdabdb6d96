"""Projects: the slugs that events named."""

from __future__ import annotations

from msgspec import Struct

from hiveboard.instant import format_instant

from .paging import CURSOR, LIMIT, Pagination, read_cursor, write_cursor
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]


class ProjectView(Struct, kw_only=True):
    """One project. Its id is its slug: either is understood wherever a project is named."""

    project_id: str
    slug: str
    name: str
    auto_created: bool
    is_archived: bool
    event_count: int
    agent_count: int
    first_seen: str
    last_seen: str


class ProjectList(Struct):
    """A page of projects, by name."""

    data: list[ProjectView]
    pagination: Pagination


async def list_projects(context: Context) -> ProjectList:
    """A page of projects."""
    after = read_cursor("projects", context.params["cursor"], tuple[str])
    limit = context.params["limit"]
    rows = [
        row
        for row in await context.store.projects(context.tenant)
        if after is None or row.project_id > after[0]
    ]
    more = len(rows) > limit
    rows = rows[:limit]
    return ProjectList(
        [
            ProjectView(
                project_id=row.project_id,
                slug=row.project_id,
                name=row.project_id,
                auto_created=True,
                is_archived=False,
                event_count=row.events,
                agent_count=row.agents,
                first_seen=format_instant(row.first_ts),
                last_seen=format_instant(row.last_ts),
            )
            for row in rows
        ],
        write_cursor("projects", (rows[-1].project_id,) if more else None),
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/projects",
        list_projects,
        ProjectList,
        "Projects that events named.",
        (LIMIT, CURSOR),
        errors=(400,),
    ),
)
