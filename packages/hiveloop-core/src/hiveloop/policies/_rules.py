"""The policies one can set up: budgets, rates, names of tools and models, approvals, functions of one's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar, Literal

from msgspec import Struct

from hiveloop._safety import is_suspending
from hiveloop.errors import HiveLoopConfigError

from ._check import PolicyAction, PolicyCheck
from ._request import Request, fits

__all__ = ["Approval", "Budget", "Function", "Models", "Policy", "Rate", "Tools"]

Per = Literal["run", "session", "user", "agent", "hour", "day"]
_PERS = ("run", "session", "user", "agent", "hour", "day")
_OFS = ("runs", "llm_calls", "tool_calls")
_ACTIONS = ("warn", "throttle", "block")


class Policy(Struct, frozen=True, kw_only=True):
    """What every policy has: for whom it is, what happens when it is violated, and the reason that is told then.

    ``agent``, ``type`` (of the agent or of the task) and ``user_group`` must fit where they are given; ``*`` at the
    end stands for any rest. ``id`` is needed only to replace or remove it.
    """

    action: PolicyAction = "block"
    reason: str = ""
    name: str = ""
    id: str = ""
    agent: str | None = None
    type: str | None = None
    user_group: str | None = None

    kind: ClassVar[str] = "policy"

    def __post_init__(self) -> None:
        _one_of(self, "action", self.action, _ACTIONS)
        for field in ("reason", "name", "id", "agent", "type", "user_group"):
            value = getattr(self, field)
            if not isinstance(value, str) and not (
                value is None and field in ("agent", "type", "user_group")
            ):
                raise _wrong(self, f"{field} must be a text, got {_shown(value)}")

    @property
    def label(self) -> str:
        """What it is called where it is told of."""
        return self.name or self.id or self.kind

    def is_for(self, request: Request) -> bool:
        """Whether it holds for this run."""
        if self.agent is None and self.type is None and self.user_group is None:
            return True
        return (
            (self.agent is None or fits(request.agent_id, self.agent))
            and (
                self.type is None or fits(request.agent_type, self.type) or fits(request.task_type, self.type)
            )
            and (self.user_group is None or fits(request.user_group, self.user_group))
        )


class Budget(Policy, frozen=True, kw_only=True):
    """The most that may be spent in each ``per``: US dollars, tokens, model calls, seconds. At least one is given.

    ``per`` is ``run``, ``session``, ``user``, ``agent``, or an ``hour`` or ``day`` (UTC) of all it is for. A run
    without a session or user counts on its own. Dollars are those of calls whose cost is known here: reported, or
    estimated with ``init(prices=…)``.
    """

    usd: float | None = None
    tokens: float | None = None
    calls: float | None = None
    seconds: float | None = None
    per: Per = "run"

    kind: ClassVar[str] = "budget"

    def __post_init__(self) -> None:
        Policy.__post_init__(self)
        _one_of(self, "per", self.per, _PERS)
        if not self.limits():
            raise _wrong(self, "give at least one of usd, tokens, calls, seconds")
        for field, limit in self.limits().items():
            _require_amount(self, field, limit, low=0.0)

    def limits(self) -> dict[str, float]:
        """What is limited, by what."""
        given = {"usd": self.usd, "tokens": self.tokens, "calls": self.calls, "seconds": self.seconds}
        return {field: limit for field, limit in given.items() if limit is not None}


class Rate(Policy, frozen=True, kw_only=True):
    """At most ``count`` of ``runs``, ``llm_calls`` or ``tool_calls`` in any ``seconds``, of all it is for."""

    count: int
    seconds: float
    of: Literal["runs", "llm_calls", "tool_calls"] = "runs"

    kind: ClassVar[str] = "rate"

    def __post_init__(self) -> None:
        Policy.__post_init__(self)
        _one_of(self, "of", self.of, _OFS)
        _require_amount(self, "count", self.count, low=1)
        _require_amount(self, "seconds", self.seconds, low=1e-6)


class _Names(Policy, frozen=True, kw_only=True):
    allow: tuple[str, ...] | list[str] | None = None
    deny: tuple[str, ...] | list[str] | None = None

    def __post_init__(self) -> None:
        Policy.__post_init__(self)
        if self.allow is None and self.deny is None:
            raise _wrong(self, "give at least one of allow, deny")
        _require_names(self, "allow", self.allow)
        _require_names(self, "deny", self.deny)

    def permits(self, name: str) -> bool:
        """Whether it may be used."""
        if any(fits(name, pattern) for pattern in self.deny or ()):
            return False
        return self.allow is None or any(fits(name, pattern) for pattern in self.allow)


class Tools(_Names, frozen=True, kw_only=True):
    """Tools that may be used (no others) and tools that may not. Every action is a tool here."""

    kind: ClassVar[str] = "tools"


class Models(_Names, frozen=True, kw_only=True):
    """Models that may be called (no others) and models that may not. A call that names no model passes."""

    kind: ClassVar[str] = "models"


class Approval(Policy, frozen=True, kw_only=True):
    """Tools that wait for a person's approval; without a decision within ``timeout`` seconds (``None``: none) they stop."""

    tools: tuple[str, ...] | list[str]
    timeout: float | None = None

    kind: ClassVar[str] = "approval"

    def __post_init__(self) -> None:
        Policy.__post_init__(self)
        _require_names(self, "tools", self.tools)
        if self.timeout is not None:
            _require_amount(self, "timeout", self.timeout, low=0.0)

    def asks_for(self, name: str) -> bool:
        """Whether this tool needs an approval."""
        return any(fits(name, pattern) for pattern in self.tools)


class Function(Policy, frozen=True, kw_only=True):
    """A function of one's own: ``judge(request) -> PolicyCheck | "allow" | "warn" | "throttle" | "block" | bool | None``.

    ``None`` and ``True`` allow; ``False`` is the policy's ``action``. One that raises allows, and is reported once.
    """

    judge: Callable[[Request], PolicyCheck | str | bool | None]

    kind: ClassVar[str] = "function"

    def __post_init__(self) -> None:
        Policy.__post_init__(self)
        if not callable(self.judge):
            raise _wrong(self, f"judge must be callable, got {_shown(self.judge)}")
        if is_suspending(self.judge):
            raise _wrong(self, "judge must be a plain function: nobody awaits a coroutine here")


def _one_of(policy: Policy, field: str, value: Any, known: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in known:
        raise _wrong(policy, f"{field} must be one of {', '.join(known)}, got {_shown(value)}")


def _require_amount(policy: Policy, field: str, value: Any, *, low: float) -> None:
    fine = isinstance(value, int | float) and not isinstance(value, bool)
    if not fine or not math.isfinite(value) or value < low:
        raise _wrong(policy, f"{field} must be a number of {low:g} or more, got {_shown(value)}")


def _require_names(policy: Policy, field: str, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) and name for name in value):
        raise _wrong(policy, f"{field} must be a list of names, got {_shown(value)}")


def _wrong(policy: Policy, fix: str) -> HiveLoopConfigError:
    return HiveLoopConfigError(f"{type(policy).__name__}: {fix}")


def _shown(value: Any) -> str:
    return f"{value!r:.80}" if isinstance(value, str | int | float) else type(value).__name__
