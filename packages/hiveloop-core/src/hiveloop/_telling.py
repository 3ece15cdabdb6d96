"""Who can tell things: what task and agent handles share to send custom events of the catalogue's kinds."""

from __future__ import annotations

from typing import Any

from ._arguments import amount, count, text
from ._safety import contained
from .events import Custom, Event, Severity
from .payloads import CustomPayload, MemoryOp

__all__ = ["MemoryTeller", "Teller", "present"]


class Teller:
    """Implemented by the handles."""

    def _send_here(self, event: Event) -> None:
        """Send it as part of what the running code is in."""
        raise NotImplementedError

    def _tell(
        self,
        kind: type[CustomPayload],
        summary: Any,
        data: dict[str, Any],
        *,
        severity: Severity | None = None,
    ) -> None:
        """Send a custom event of this kind with what is known of ``data``."""
        payload = kind(summary=text(summary), data=present(data), tags=[kind.kind])
        self._send_here(Custom(severity=severity, payload=payload))


class MemoryTeller(Teller):
    """Agents and tasks alike use persistent memory."""

    @contained
    def memory_op(
        self,
        operation: str,
        store: str | None = None,
        key_or_query: Any = None,
        *,
        result_count: int | None = None,
        latency_ms: float | None = None,
        **more: Any,
    ) -> None:
        """Persistent memory was used: read, write, search, delete."""
        data = {
            **more,
            "operation": text(operation, 64) or "read",
            "store": text(store, 256),
            "key_or_query": text(key_or_query, 1_000),
            "result_count": count(result_count, "result_count"),
            "latency_ms": amount(latency_ms, "latency_ms"),
        }
        self._tell(MemoryOp, f"{data['operation']} {data['store'] or 'memory'}", data)


def present(data: dict[str, Any]) -> dict[str, Any]:
    """What is known: an absent value is not sent, a 0 or a False is."""
    return {key: value for key, value in data.items() if value is not None}
