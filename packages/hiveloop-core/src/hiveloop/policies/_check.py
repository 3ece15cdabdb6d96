"""What a check of the policies says, and the stop it may lead to."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from hiveloop.errors import Intervention

__all__ = ["ALLOWED", "PolicyAction", "PolicyCheck", "PolicyViolationError", "worst"]

PolicyAction = Literal["allow", "warn", "throttle", "block"]
_ORDER = {"allow": 0, "warn": 1, "throttle": 2, "block": 3}


class PolicyCheck(Struct, frozen=True):
    """``action`` is allow, warn, throttle or block; ``metadata`` names the policy that decided and its figures."""

    action: PolicyAction = "allow"
    reason: str = ""
    metadata: dict[str, Any] = {}

    @property
    def allowed(self) -> bool:
        """The work may go on: allow or warn."""
        return self.action in ("allow", "warn")

    @property
    def blocked(self) -> bool:
        """The work should not go on: block, or throttle (not now)."""
        return not self.allowed


ALLOWED = PolicyCheck()


def worst(checks: list[PolicyCheck]) -> PolicyCheck:
    """The strictest; of equals the first. Allowed when there is none."""
    return max(checks, key=lambda check: _ORDER[check.action], default=ALLOWED)


class PolicyViolationError(Intervention):
    """A policy stops this run, which asked for it by ``enforce_policy=True``. ``policy_result`` says why."""

    def __init__(self, message: str = "", policy_result: PolicyCheck | None = None) -> None:
        super().__init__(message)
        self.policy_result = policy_result or PolicyCheck("block", message)
