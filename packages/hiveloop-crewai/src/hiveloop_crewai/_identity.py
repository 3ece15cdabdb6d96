"""Roles → agents: one worker per role, named once, whatever inputs a kickoff fills into it."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from typing import NamedTuple

import hiveloop
from hiveloop.adapters import attempt, framework_agent

from ._settings import settings

__all__ = ["FRAMEWORK", "Role", "agent_of", "flow_agent", "role_id", "slug"]

log = logging.getLogger("hiveloop")

FRAMEWORK = "crewai"
_MAX_ROLES = 200
_SLUG_CHARS = 100
_NOT_WORD = re.compile(r"[^\w]+", re.UNICODE)
#: Signs that tell roles apart, and that a slug leaves out: not spaces, and not what only separates or brackets words.
_MEANS_SOMETHING = re.compile(r"[^\w\s{}()\[\],.:;'\"!?\u2018\u2019\u201c\u201d\u2013\u2014-]")
#: Which role a slug stands for.
_written: dict[str, str] = {}


class Role(NamedTuple):
    """What an ``agent=`` callable gets to choose the agent's name from.

    ``role`` is the role as written, before inputs were filled in; ``crew`` the crew's or flow's name where known.
    """

    role: str
    crew: str | None = None


_known: set[str] = set()


def slug(role: str) -> str:
    """A role as an id: lower case, words joined by hyphens."""
    return _NOT_WORD.sub("-", role.strip().lower()).strip("-_")[:_SLUG_CHARS] or FRAMEWORK


def role_id(role: str) -> str:
    """The id of a role, another one for each role: `C++ Developer` and `C# Developer` are two workers.

    Where the slug alone does not say which role it was, a short hash of the role follows, the same in every process.
    Roles that differ in case and spaces only are one, as they are for CrewAI.
    """
    plain, written = slug(role), " ".join(role.split()).casefold()
    is_unclear = _MEANS_SOMETHING.search(written) is not None or len(written) > _SLUG_CHARS
    # The first to come keeps the slug: roles that differ in a comma or a hyphen are rare.
    if not is_unclear and _NOT_WORD.sub("", written) and _written.setdefault(plain, written) == written:
        return plain
    digest = hashlib.sha256(written.encode(errors="replace")).hexdigest()[:6]
    return f"{plain}-{digest}"


def agent_of(role: Role) -> hiveloop.Agent:
    """The agent that shows this role."""
    return framework_agent(_name(role), FRAMEWORK)


def _name(role: Role) -> str:
    choice = settings.agent
    name = _chosen(choice, role) if callable(choice) else choice or role_id(role.role)
    if name not in _known:
        _known.add(name)
        if len(_known) == _MAX_ROLES:
            log.warning(
                "%d different roles so far: if they come from inputs, give instrument(agent=...) a callable "
                "that names the worker and not the request",
                _MAX_ROLES,
            )
    return name


def _chosen(choice: Callable[[Role], str], role: Role) -> str:
    _, name = attempt(lambda: choice(role), "agent= callable of hiveloop_crewai")
    return name if isinstance(name, str) and name else role_id(role.role)


def flow_agent(name: str) -> hiveloop.Agent:
    """The agent that shows a flow: flows have no role, so theirs is ``flow:<name>``."""
    if settings.agent is not None:
        return agent_of(Role(f"flow:{name}", name))
    return framework_agent(f"flow:{name}", FRAMEWORK)
