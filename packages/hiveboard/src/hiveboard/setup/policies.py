"""Policies for the SDK: what agents may spend, how often they may run, which tools and models they may use."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from hiveboard.errors import BadRequestError
from hiveboard.store import Document, Store

__all__ = ["Policy", "PolicyChange", "PolicySet", "load_policies", "save_policies"]

_KIND, _ID = "policies", "current"
_MOST = 200

Id = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9_.:-]+$")]
Text = Annotated[str, Meta(min_length=1, max_length=256)]
Names = Annotated[list[Text], Meta(max_length=200)]
Amount = Annotated[float, Meta(ge=0, le=1e12)]
Action = Literal["warn", "throttle", "block"]


class Match(Struct, forbid_unknown_fields=True):
    """Whom a policy is for: a run must fit every name that is given; ``*`` at the end stands for any rest."""

    agent: Text | None = None
    type: Text | None = None
    user_group: Text | None = None


class BudgetLimit(Struct, forbid_unknown_fields=True, kw_only=True):
    """The most that may be spent in each ``per``: US dollars, tokens, model calls, seconds. At least one is given."""

    usd: Amount | None = None
    tokens: Amount | None = None
    calls: Amount | None = None
    seconds: Amount | None = None
    per: Literal["run", "session", "user", "hour", "day"] = "run"


class RateLimit(Struct, forbid_unknown_fields=True, kw_only=True):
    """At most ``count`` in any ``seconds``."""

    count: Annotated[int, Meta(ge=1, le=1_000_000_000)]
    seconds: Annotated[float, Meta(gt=0, le=31_536_000)]
    of: Literal["runs", "llm_calls", "tool_calls"] = "runs"


class NamesLimit(Struct, forbid_unknown_fields=True):
    """Names that may be used (no others) and names that may not; ``*`` at the end of a name stands for any rest."""

    allow: Names | None = None
    deny: Names | None = None


class ApprovalLimit(Struct, forbid_unknown_fields=True):
    """Tools that wait for a person's approval; ``*`` at the end of a name stands for any rest."""

    tools: Annotated[list[Text], Meta(min_length=1, max_length=200)]


class _PolicyBase(Struct, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """What every policy has: ``action`` is what the SDK does when the limit is passed, ``reason`` what it tells."""

    id: Id
    name: Annotated[str, Meta(min_length=1, max_length=128)]
    match: Match = msgspec.field(default_factory=Match)
    action: Action
    reason: Annotated[str, Meta(max_length=512)] = ""


class BudgetPolicy(_PolicyBase, tag="budget", kw_only=True):
    """Limits what is spent."""

    limit: BudgetLimit


class RatePolicy(_PolicyBase, tag="rate", kw_only=True):
    """Limits how often something happens."""

    limit: RateLimit


class ToolsPolicy(_PolicyBase, tag="tools", kw_only=True):
    """Limits which tools are used."""

    limit: NamesLimit


class ModelsPolicy(_PolicyBase, tag="models", kw_only=True):
    """Limits which models are called."""

    limit: NamesLimit


class ApprovalPolicy(_PolicyBase, tag="approval", kw_only=True):
    """Names tools that need a person's approval."""

    limit: ApprovalLimit


Policy = BudgetPolicy | RatePolicy | ToolsPolicy | ModelsPolicy | ApprovalPolicy


class PolicyChange(Struct, forbid_unknown_fields=True):
    """All policies, in place of those there are."""

    policies: Annotated[list[Policy], Meta(max_length=_MOST)]


class PolicySet(Struct):
    """All policies. ``version`` depends on what they say alone: it changes whenever one of them does."""

    policies: list[Policy]
    version: str


async def load_policies(store: Store, tenant: str) -> PolicySet:
    """The policies of a namespace; none when nobody set any."""
    return _read(await store.document(tenant, _KIND, _ID))


async def save_policies(
    store: Store, tenant: str, change: PolicyChange, now: int, require: Callable[[PolicySet], None]
) -> PolicySet:
    """Put these policies in place of those there are, unless ``require``, given those, raises.

    Raises the 400 envelope that names what is not right.
    """
    ids: set[str] = set()
    for number, policy in enumerate(change.policies):
        if policy.id in ids:
            raise _wrong(f"policies[{number}].id", "give each policy an id of its own")
        ids.add(policy.id)
        _require_limit(number, policy)

    def replace(document: Document | None) -> Document:
        require(_read(document))
        return Document(_KIND, _ID, msgspec.json.encode(change), now)

    return _read(await store.change_document(tenant, _KIND, _ID, replace))


def _require_limit(number: int, policy: Policy) -> None:
    limit = policy.limit
    if (
        isinstance(limit, BudgetLimit)
        and (limit.usd, limit.tokens, limit.calls, limit.seconds) == (None,) * 4
    ):
        raise _wrong(f"policies[{number}].limit", "name at least one of usd, tokens, calls, seconds")
    if isinstance(limit, NamesLimit) and limit.allow is None and limit.deny is None:
        raise _wrong(f"policies[{number}].limit", "name at least one of allow, deny")


def _wrong(field: str, fix: str) -> BadRequestError:
    return BadRequestError(f"{field}: {fix}", details={"field": field, "fix": fix})


def _read(document: Document | None) -> PolicySet:
    return _versioned(
        [] if document is None else msgspec.json.decode(document.body, type=PolicyChange).policies
    )


def _versioned(policies: list[Policy]) -> PolicySet:
    return PolicySet(policies, hashlib.sha256(msgspec.json.encode(policies)).hexdigest()[:16])
