"""What a program catches: ``PolicyViolationError`` with its ``policy_result``."""

from __future__ import annotations

from hiveloop.policies import PolicyViolationError

__all__ = ["PolicyViolationError"]
