"""Which HiveLoop agent a team or agent of AutoGen is."""

from __future__ import annotations

import functools
from importlib import metadata
from typing import Any

from hiveloop import Agent
from hiveloop.adapters import attempt, framework_agent

from ._options import Options, RunInfo

__all__ = ["agent_for", "bare_agent", "name_of", "participants_of", "register_participants"]

# A name can be made up at run time; an agent is a worker, not a request.
_MAX_AGENTS = 500
_FALLBACK = "autogen"
_seen: set[str] = set()


def name_of(subject: Any) -> str:
    """The name of a team or agent; teams are called by their class where they were given none."""
    name = getattr(subject, "name", None) or getattr(subject, "_name", None)
    return name[:200] if isinstance(name, str) and name else type(subject).__name__


def agent_for(subject: Any, kind: str, options: Options, team: str | None, outermost: bool) -> Agent:
    """The HiveLoop agent that does this run's or turn's work."""
    name, choice = name_of(subject), options.agent
    chosen: Any = None
    if callable(choice):
        info = RunInfo(name, kind, type(subject).__name__, team)
        chosen = attempt(lambda: choice(info), "agent= callable of hiveloop_autogen")[1]
    elif outermost:
        chosen = choice
    return _agent(chosen if isinstance(chosen, str) and chosen else name, type(subject).__name__)


def bare_agent(options: Options, name: str | None) -> Agent:
    """The agent of a model call outside of any run."""
    chosen = options.agent if isinstance(options.agent, str) and options.agent else name
    return _agent(chosen or _FALLBACK, None)


def _agent(name: str, class_name: str | None) -> Agent:
    if name not in _seen:
        if len(_seen) >= _MAX_AGENTS:
            name = _FALLBACK
        _seen.add(name)
    return framework_agent(name, "autogen", class_name, _version())


@functools.cache
def _version() -> str | None:
    try:
        return metadata.version("autogen-agentchat")
    except metadata.PackageNotFoundError:
        return None


def participants_of(team: Any) -> list[str]:
    """Names of a team's participants."""
    found = getattr(team, "_participants", None)
    return [name_of(participant) for participant in found] if isinstance(found, list) else []


def register_participants(team: Any, options: Options) -> None:
    """Make the workers of a team known before their first turn."""
    found = getattr(team, "_participants", None)
    for participant in found if isinstance(found, list) else ():
        kind = "team" if hasattr(participant, "_participants") else "agent"
        agent_for(participant, kind, options, name_of(team), False)
