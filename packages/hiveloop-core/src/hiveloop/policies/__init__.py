"""Policies: what agents may spend, how often they may run, which tools and models they may use, what needs a person.

    from hiveloop import policies

    policies.add(policies.Budget(usd=0.50, per="run"), policies.Tools(deny=["shell*"], action="block"))
    with agent.task(enforce_policy=True) as task:      # PolicyViolationError before it starts, or at a call
        if task.check_policy_sync().blocked: ...

Those of the collector (``PUT /v1/policies``) hold beside the program's own. Everything is counted in this process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hiveloop.errors import HiveLoopConfigError

from ._book import book
from ._check import PolicyAction, PolicyCheck, PolicyViolationError
from ._request import Request
from ._rules import Approval, Budget, Function, Models, Policy, Rate, Tools

__all__ = [
    "Approval",
    "Budget",
    "Function",
    "Models",
    "Policy",
    "PolicyAction",
    "PolicyCheck",
    "PolicyViolationError",
    "Rate",
    "Request",
    "Tools",
    "active",
    "add",
    "clear",
    "remove",
]


def add(*policies: Policy | Callable[[Request], Any]) -> None:
    """Follow these from now on, for every run they are for; one with the ``id`` of another replaces it.

    A function is a policy too, see :class:`Function`. Raises HiveLoopConfigError for what is no policy.
    """
    for policy in policies:
        if isinstance(policy, type) or not (isinstance(policy, Policy) or callable(policy)):
            raise HiveLoopConfigError(f"policies.add: pass a policy or a function, got {policy!r:.80}")
        if type(policy) is Policy:
            raise HiveLoopConfigError("policies.add: Policy is the base; pass Budget, Rate, Tools, Models, …")
    for policy in policies:
        book().add(policy)


def remove(policy: Policy | Callable[[Request], Any] | str) -> None:
    """Follow this one no more: what was given to :func:`add`, or its ``id``. Unknown ones are ignored."""
    book().remove(policy)


def clear() -> None:
    """Follow none of the program's own any more; those of the collector hold."""
    book().clear()


def active() -> tuple[Policy, ...]:
    """All policies that hold now: the program's own, and what is known of the collector's."""
    return book().policies
