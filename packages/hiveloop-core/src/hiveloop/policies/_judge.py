"""What each policy says about a request."""

from __future__ import annotations

from typing import Any

from hiveloop._arguments import text
from hiveloop._safety import attempt

from ._check import ALLOWED, PolicyCheck, PolicyViolationError
from ._meter import Meter
from ._request import Request
from ._rules import Budget, Function, Models, Policy, Rate, Tools

__all__ = ["judge"]


def judge(policy: Policy, request: Request, meter: Meter) -> PolicyCheck:
    """One policy's answer; approvals are not judged but asked for."""
    if not policy.is_for(request):
        return ALLOWED
    if isinstance(policy, Budget):
        return _budget(policy, request, meter)
    if isinstance(policy, Rate):
        return _rate(policy, request, meter)
    if isinstance(policy, Tools):
        return _names(policy, request.name if request.kind == "tool" else None, "tool")
    if isinstance(policy, Models):
        return _names(policy, request.model if request.kind == "llm" else None, "model")
    if isinstance(policy, Function):
        return _function(policy, request)
    return ALLOWED


def _budget(policy: Budget, request: Request, meter: Meter) -> PolicyCheck:
    """Spent up where more is to come; passed where nothing that costs is."""
    spent = meter.spent(policy, request)
    costs = not (request.is_made or request.kind == "tool")
    for field, limit in policy.limits().items():
        value = getattr(spent, field)
        if value > limit or (costs and value >= limit):
            shown = (
                f"${value:.4f} of ${limit:.4f}" if field == "usd" else f"{value:,.6g} of {limit:,.6g} {field}"
            )
            figures = {"limit": limit, "spent": round(value, 6), "of": field, "per": policy.per}
            if field == "usd" and spent.unpriced:
                figures["unpriced_calls"] = spent.unpriced
            return _violated(policy, f"The budget of this {policy.per} is spent: {shown}", figures)
    return ALLOWED


def _rate(policy: Rate, request: Request, meter: Meter) -> PolicyCheck:
    """Before one more of them is made it must have room; otherwise it is only asked whether there were too many."""
    is_one_more = {"runs": request.phase == "pre_execution", "llm_calls": request.kind == "llm"}.get(
        policy.of, request.kind == "tool"
    )
    count = meter.counted(policy)
    if count > policy.count or (is_one_more and not request.is_made and count >= policy.count):
        line = f"{count} {policy.of.replace('_', ' ')} in {policy.seconds:g} s, {policy.count} are allowed"
        figures = {"limit": policy.count, "counted": count, "of": policy.of, "seconds": policy.seconds}
        return _violated(policy, line, figures)
    return ALLOWED


def _names(policy: Tools | Models, name: str | None, what: str) -> PolicyCheck:
    if name is None or policy.permits(name):
        return ALLOWED
    return _violated(policy, f"The {what} {name[:128]} may not be used", {what: name[:256]})


def _function(policy: Function, request: Request) -> PolicyCheck:
    said: Any = attempt(lambda: _asked(policy, request), f"policy {policy.label}")[1]
    if isinstance(said, PolicyCheck):
        if said.action not in ("allow", "warn", "throttle", "block"):
            return ALLOWED
        details = said.metadata if isinstance(said.metadata, dict) else {}
        return PolicyCheck(said.action, text(said.reason, 2_000) or "", {**_named(policy), **details})
    if said is False:
        return _violated(policy, f"{policy.label} says no", {})
    if said in ("warn", "throttle", "block"):
        line = policy.reason or f"{policy.label} says {said}"
        return PolicyCheck(said, line, _named(policy))
    return ALLOWED


def _asked(policy: Function, request: Request) -> Any:
    """What it returned; a violation it raises is an answer too."""
    try:
        said = policy.judge(request)
    except PolicyViolationError as error:
        return error.policy_result
    return said if isinstance(said, PolicyCheck | str | bool) else None


def _violated(policy: Policy, line: str, figures: dict[str, Any]) -> PolicyCheck:
    return PolicyCheck(policy.action, policy.reason or line, {**_named(policy), **figures})


def _named(policy: Policy) -> dict[str, Any]:
    return {"policy": policy.label, "policy_id": policy.id, "kind": policy.kind}
