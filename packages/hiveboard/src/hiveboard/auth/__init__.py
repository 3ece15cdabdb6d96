"""Who asks: keys compared by hash, browser sessions, what each may do, and the namespace it sees."""

from __future__ import annotations

from .caller import DEFAULT_TENANT, Caller, Need, Scope
from .gate import Gate

__all__ = ["DEFAULT_TENANT", "Caller", "Gate", "Need", "Scope"]
