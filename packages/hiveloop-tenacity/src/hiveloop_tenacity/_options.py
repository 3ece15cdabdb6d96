"""What the user chose: where retries are told, what giving up means, which calls are left alone."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

from hiveloop import HiveLoopConfigError
from hiveloop.adapters import AdapterUnavailable

__all__ = ["EXCLUDED", "INSTALL", "GiveUp", "Options", "checked", "prefixes", "require_tenacity"]

INSTALL = "pip install 'hiveloop-tenacity[tenacity]'"
#: Retried inside LangChain: its own adapter tells these.
EXCLUDED = ("langchain_core",)

GiveUp = Literal["issue", "escalate"]


class Options(NamedTuple):
    """Settings of one reporter; ``include`` and ``exclude`` are module prefixes, ``None`` for all."""

    agent: str | Callable[[str], str] | None = None
    on_give_up: GiveUp | None = "issue"
    assigned_to: str | None = None
    issue_id: str | None = None
    resolve_on_recover: bool = True
    min_backoff_seconds: float = 0.0
    name: Callable[[Any], str] | None = None
    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = EXCLUDED
    capture_content: bool = True


def checked(options: Options) -> Options:
    """The same options, or ``HiveLoopConfigError`` naming the one that is wrong."""
    if options.on_give_up not in ("issue", "escalate", None):
        raise HiveLoopConfigError(f"on_give_up is 'issue', 'escalate' or None, not {options.on_give_up!r}")
    if options.assigned_to is not None and options.on_give_up != "escalate":
        raise HiveLoopConfigError("assigned_to needs on_give_up='escalate': an issue is assigned to nobody")
    if options.issue_id is not None and options.on_give_up != "issue":
        raise HiveLoopConfigError("issue_id needs on_give_up='issue'")
    backoff = options.min_backoff_seconds
    if isinstance(backoff, bool) or not isinstance(backoff, (int, float)) or not backoff >= 0:
        raise HiveLoopConfigError(f"min_backoff_seconds is a number of seconds, 0 or more, not {backoff!r}")
    if options.name is not None and not callable(options.name):
        raise HiveLoopConfigError("name is a callable: (RetryCallState) -> name of the function")
    if options.agent is not None and not isinstance(options.agent, str) and not callable(options.agent):
        raise HiveLoopConfigError(
            "agent is a name, or a callable: (name of the function) -> name of the agent"
        )
    return options


def prefixes(modules: Iterable[str] | None, option: str) -> tuple[str, ...] | None:
    """Module prefixes as a tuple; a single text is one prefix."""
    if modules is None:
        return None
    found = (modules,) if isinstance(modules, str) else tuple(modules)
    if not all(isinstance(module, str) and module for module in found):
        raise HiveLoopConfigError(f"{option} is a list of module names, like ['google.genai']")
    return found


def require_tenacity() -> None:
    """Raise ``AdapterUnavailable``, with the install line, when tenacity is not there."""
    if importlib.util.find_spec("tenacity") is None:
        raise AdapterUnavailable(f"tenacity is not installed: {INSTALL}")
