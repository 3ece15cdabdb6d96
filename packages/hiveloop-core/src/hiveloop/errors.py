"""What may leave the SDK: misuse while configuring, and an intervention the user opted into."""

from __future__ import annotations

__all__ = ["AdapterUnavailable", "HiveLoopConfigError", "HiveLoopError", "Intervention"]


class HiveLoopError(Exception):
    """Base of everything this SDK raises on purpose."""


class HiveLoopConfigError(HiveLoopError, ValueError):
    """A setting is wrong. The message names the field and the fix."""


class AdapterUnavailable(HiveLoopError, ImportError):
    """An adapter was asked for by name and its framework is not installed. The message holds the install line."""


class Intervention(HiveLoopError):
    """Raised into the agent at its next tool or LLM call, only by a gate or detector the user turned on."""
