"""Projects: those that events named and those that people made, with what people say of them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.responses import Response

from hiveboard.errors import ApiError, BadRequestError, NotFoundError
from hiveboard.instant import format_instant, format_optional
from hiveboard.setup import projects as setup
from hiveboard.setup.projects import Description, Name, ProjectNote
from hiveboard.store.rows import ProjectRow

from .paging import CURSOR, LIMIT, Pagination, read_cursor, write_cursor
from .params import flag
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$")]


class ProjectView(Struct, kw_only=True):
    """One project. Its id is its slug: either is understood wherever a project is named.

    ``auto_created``: events named it before anybody made it. ``first_seen`` and ``last_seen`` are null where no event did.
    """

    project_id: str
    slug: str
    name: str
    description: str
    auto_created: bool
    is_archived: bool
    event_count: int
    agent_count: int
    first_seen: str | None
    last_seen: str | None
    created_at: str
    updated_at: str


class ProjectList(Struct):
    """A page of projects, by slug."""

    data: list[ProjectView]
    pagination: Pagination


class NewProject(Struct, forbid_unknown_fields=True):
    """A project to make; without a ``slug`` it is made from the name."""

    name: Name
    slug: Slug | None = None
    description: Description = ""


class ProjectChange(Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change; what is absent stays. The slug stays as it is: events name it."""

    name: Name | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    archived: bool | UnsetType = UNSET


class ProjectDeleted(Struct):
    """The project is gone from lists; its events stay, ``event_count`` of them."""

    status: str
    project_id: str
    event_count: int


async def _known(context: Context) -> dict[str, tuple[ProjectRow | None, ProjectNote | None]]:
    """Every project that is there, by slug: what events say and what people said."""
    rows = {row.project_id: row for row in await context.store.projects(context.tenant)}
    notes = await setup.load_notes(context.store, context.tenant)
    pairs = {slug: (rows.get(slug), notes.get(slug)) for slug in sorted({*rows, *notes})}
    return {slug: pair for slug, pair in pairs.items() if not _is_deleted(*pair)}


def _is_deleted(row: ProjectRow | None, note: ProjectNote | None) -> bool:
    """A deleted project is back when something happens in it later."""
    if note is None or note.deleted_at is None:
        return False
    return row is None or row.last_ts <= note.deleted_at


def _view(slug: str, row: ProjectRow | None, note: ProjectNote | None) -> ProjectView:
    said = note if note is not None and note.deleted_at is None else None
    first = row.first_ts if row is not None else said.created_at if said is not None else 0
    return ProjectView(
        project_id=slug,
        slug=slug,
        name=(said.name if said is not None else None) or slug,
        description=said.description if said is not None else "",
        auto_created=said is None or said.auto_created,
        is_archived=said is not None and said.archived,
        event_count=0 if row is None else row.events,
        agent_count=0 if row is None else row.agents,
        first_seen=format_optional(None if row is None else row.first_ts),
        last_seen=format_optional(None if row is None else row.last_ts),
        created_at=format_instant(first if said is None or said.auto_created else said.created_at),
        updated_at=format_instant(first if said is None else said.updated_at),
    )


async def list_projects(context: Context) -> ProjectList:
    """A page of projects."""
    after = read_cursor("projects", context.params["cursor"], tuple[str])
    limit = context.params["limit"]
    views = [_view(slug, row, note) for slug, (row, note) in (await _known(context)).items()]
    wanted = [
        view
        for view in views
        if (after is None or view.slug > after[0])
        and (context.params["include_archived"] or not view.is_archived)
    ]
    more = len(wanted) > limit
    return ProjectList(wanted[:limit], write_cursor("projects", (wanted[limit - 1].slug,) if more else None))


async def _asked(context: Context) -> tuple[str, ProjectRow | None, ProjectNote | None]:
    slug = context.params["project_id"]
    found = (await _known(context)).get(slug)
    if found is None:
        raise _unknown(slug)
    return slug, *found


def _unknown(slug: str) -> NotFoundError:
    return NotFoundError(f"there is no project {slug[:64]!r} here", code="project_not_found")


async def get_project(context: Context) -> ProjectView:
    """One project."""
    return _view(*await _asked(context))


async def create_project(context: Context) -> Response:
    """Make a project that no event named yet."""
    new = await context.read(NewProject)
    slug = new.slug or setup.slug_of(new.name)
    if not slug:
        fix = "name a slug too: this name has no letters or digits for one"
        raise BadRequestError(f"slug: {fix}", details={"field": "slug", "fix": fix})
    known = await _known(context)
    if slug in known:
        raise _exists(slug)
    _require_room(known)
    now = context.services.clock()

    def make(there: ProjectNote | None) -> ProjectNote:
        if there is not None and there.deleted_at is None:
            raise _exists(slug)
        return ProjectNote(
            name=new.name, description=new.description, created_at=now, updated_at=now, auto_created=False
        )

    note = await setup.change_note(context.store, context.tenant, slug, make)
    return Response(msgspec.json.encode(_view(slug, None, note)), 201, media_type="application/json")


def _exists(slug: str) -> ApiError:
    return ApiError(f"there is a project {slug!r} already", code="slug_exists", status=409)


def _require_room(known: dict[str, tuple[ProjectRow | None, ProjectNote | None]]) -> None:
    if sum(note is not None for _, note in known.values()) >= setup.MOST_PROJECTS:
        raise ApiError(
            f"no more than {setup.MOST_PROJECTS:,} projects can be described; delete some",
            code="too_many",
            status=409,
        )


async def _change(context: Context, change: ProjectChange) -> ProjectView:
    slug, row, note = await _asked(context)
    now = context.services.clock()
    if note is None or note.deleted_at is not None:
        _require_room(await _known(context))

    def changed(there: ProjectNote | None) -> ProjectNote:
        if (row is None and there is None) or _is_deleted(row, there):
            raise _unknown(slug)
        said = there if there is not None and there.deleted_at is None else None
        note = said or ProjectNote(created_at=now, updated_at=now)
        note.updated_at = now
        if change.name is not UNSET:
            note.name = change.name
        if change.description is not UNSET:
            note.description = change.description
        if change.archived is not UNSET:
            note.archived = change.archived
        return note

    return _view(slug, row, await setup.change_note(context.store, context.tenant, slug, changed))


async def change_project(context: Context) -> ProjectView:
    """Change what is named."""
    return await _change(context, await context.read(ProjectChange))


async def archive_project(context: Context) -> ProjectView:
    """Take it out of lists; it goes on receiving events."""
    return await _change(context, ProjectChange(archived=True))


async def unarchive_project(context: Context) -> ProjectView:
    """Put it back into lists."""
    return await _change(context, ProjectChange(archived=False))


async def delete_project(context: Context) -> ProjectDeleted:
    """Forget what people said of it, and list it no more until something happens in it again."""
    slug, row, _ = await _asked(context)
    now = context.services.clock()
    if row is None:
        await setup.forget_note(context.store, context.tenant, slug)
    else:
        # Events of clocks that run ahead are among those that are hidden.
        until = max(now, row.last_ts)

        def hide(there: ProjectNote | None) -> ProjectNote:
            created = now if there is None else there.created_at
            return ProjectNote(created_at=created, updated_at=now, deleted_at=until)

        await setup.change_note(context.store, context.tenant, slug, hide)
    return ProjectDeleted("deleted", slug, 0 if row is None else row.events)


_BODY_ERRORS = (400, 403, 408, 413, 415)
_INCLUDE = flag("include_archived", "List archived projects too.", default=False)

ENDPOINTS = (
    Endpoint("GET", "/v1/projects", list_projects, ProjectList, "Projects that events named or people made.",
             (_INCLUDE, LIMIT, CURSOR), errors=(400,)),
    Endpoint("POST", "/v1/projects", create_project, ProjectView, "Make a project that no event named yet.",
             tag="admin", needs="admin", body=NewProject, errors=(*_BODY_ERRORS, 409),
             more_answers=((201, ProjectView, "It is made."),)),
    Endpoint("POST", "/v1/projects/{project_id:id}/archive", archive_project, ProjectView,
             "Take a project out of lists; it goes on receiving events.", tag="admin", needs="admin",
             errors=(403, 404, 409)),
    Endpoint("POST", "/v1/projects/{project_id:id}/unarchive", unarchive_project, ProjectView,
             "Put a project back into lists.", tag="admin", needs="admin", errors=(403, 404, 409)),
    Endpoint("GET", "/v1/projects/{project_id:id}", get_project, ProjectView, "One project, by slug or id.",
             errors=(404,)),
    *(
        Endpoint(method, "/v1/projects/{project_id:id}", change_project, ProjectView,
                 "Change what is named of a project; what is absent stays.", tag="admin", needs="admin",
                 body=ProjectChange, errors=(*_BODY_ERRORS, 404, 409))
        for method in ("PUT", "PATCH")
    ),
    Endpoint("DELETE", "/v1/projects/{project_id:id}", delete_project, ProjectDeleted,
             "Delete a project, never its events: it is listed again when something happens in it.",
             tag="admin", needs="admin", errors=(403, 404)),
)  # fmt: skip
