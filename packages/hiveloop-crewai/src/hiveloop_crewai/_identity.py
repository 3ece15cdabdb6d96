"""Roles → agents: one worker per role, named once, whatever inputs a kickoff fills into it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import NamedTuple

import hiveloop
from hiveloop.adapters import attempt, framework_agent

from ._settings import settings

__all__ = ["FRAMEWORK", "Role", "agent_of", "flow_agent", "slug"]

log = logging.getLogger("hiveloop")

FRAMEWORK = "crewai"
_MAX_ROLES = 200
_SLUG_CHARS = 100
_NOT_WORD = re.compile(r"[^\w]+", re.UNICODE)


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


def agent_of(role: Role) -> hiveloop.Agent:
    """The agent that shows this role."""
    return framework_agent(_name(role), FRAMEWORK)


def _name(role: Role) -> str:
    choice = settings.agent
    name = _chosen(choice, role) if callable(choice) else choice or slug(role.role)
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
    return name if isinstance(name, str) and name else slug(role.role)


def flow_agent(name: str) -> hiveloop.Agent:
    """The agent that shows a flow: flows have no role, so theirs is ``flow:<name>``."""
    if settings.agent is not None:
        return agent_of(Role(f"flow:{name}", name))
    return framework_agent(f"flow:{name}", FRAMEWORK)
