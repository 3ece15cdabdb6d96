"""What people say of projects: a name, a description, whether one is archived or deleted."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from hiveboard.store import Document, Store

__all__ = [
    "MOST_PROJECTS",
    "Description",
    "Name",
    "ProjectNote",
    "change_note",
    "forget_note",
    "load_note",
    "load_notes",
    "slug_of",
]

_KIND = "project"
_NOT_IN_SLUGS = re.compile(r"[^a-z0-9]+")
_MAX_SLUG = 64
#: How many projects of a namespace can be described.
MOST_PROJECTS = 2_000

Name = Annotated[str, Meta(min_length=1, max_length=128)]
Description = Annotated[str, Meta(max_length=2_000)]


class ProjectNote(Struct, kw_only=True):
    """What was said of one project. Times are microseconds; ``deleted_at`` hides what happened until then."""

    name: str | None = None
    description: str = ""
    archived: bool = False
    created_at: int
    updated_at: int
    deleted_at: int | None = None
    auto_created: bool = True


async def load_notes(store: Store, tenant: str) -> dict[str, ProjectNote]:
    """What was said, by project."""
    documents = await store.documents(tenant, _KIND)
    return {document.id: _note(document) for document in documents}


async def load_note(store: Store, tenant: str, slug: str) -> ProjectNote | None:
    """What was said of one project, None when nothing was."""
    document = await store.document(tenant, _KIND, slug)
    return None if document is None else _note(document)


async def change_note(
    store: Store, tenant: str, slug: str, change: Callable[[ProjectNote | None], ProjectNote]
) -> ProjectNote:
    """Keep what ``change`` makes of what was said of a project; raises what it raises."""

    def changed(document: Document | None) -> Document:
        note = change(None if document is None else _note(document))
        return Document(_KIND, slug, msgspec.json.encode(note), note.updated_at)

    stored = await store.change_document(tenant, _KIND, slug, changed)
    assert stored is not None
    return _note(stored)


async def forget_note(store: Store, tenant: str, slug: str) -> None:
    """Forget what was said of a project."""
    await store.delete_document(tenant, _KIND, slug)


def slug_of(name: str) -> str:
    """``Sales, EMEA`` as ``sales-emea``; empty when no letter or digit is left."""
    return _NOT_IN_SLUGS.sub("-", name.lower())[:_MAX_SLUG].strip("-")


def _note(document: Document) -> ProjectNote:
    return msgspec.json.decode(document.body, type=ProjectNote)
