"""What adapters are built from, and how they are found and turned on."""

from __future__ import annotations

from hiveloop._clock import format_timestamp
from hiveloop._drain import add_drain, remove_drain
from hiveloop._gate import add_gate, gate, has_gates, remove_gate
from hiveloop._safety import attempt, contained, guarded
from hiveloop._sanitize import shorten
from hiveloop.errors import AdapterUnavailable

from ._binding import bind
from ._client_retries import ClientRetries, ModelCall
from ._discovery import Adapter, instrument, uninstrument
from ._outcomes import outcome_of
from ._runs import RunMap
from ._session import captures_content, estimate_cost
from ._tasks import (
    add_scope_resolver,
    begin_task,
    end_task,
    framework_agent,
    remove_scope_resolver,
    resume_task,
)

__all__ = [
    "Adapter",
    "AdapterUnavailable",
    "ClientRetries",
    "ModelCall",
    "RunMap",
    "add_drain",
    "add_gate",
    "add_scope_resolver",
    "attempt",
    "begin_task",
    "bind",
    "captures_content",
    "contained",
    "end_task",
    "estimate_cost",
    "format_timestamp",
    "framework_agent",
    "gate",
    "guarded",
    "has_gates",
    "instrument",
    "outcome_of",
    "remove_drain",
    "remove_gate",
    "remove_scope_resolver",
    "resume_task",
    "shorten",
    "uninstrument",
]
