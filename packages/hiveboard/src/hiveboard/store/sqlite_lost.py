"""Which open runs are lost, in the SQL of the SQLite store: nobody has heard of their processes for too long."""

from __future__ import annotations

import msgspec

from .rows import Silence

__all__ = ["HEARD", "LEASES", "LOST", "OF_AGENT", "leases"]

#: When the run ``t`` or a process of it was heard last; NULL when no process of it is known.
HEARD = (
    "CASE WHEN coalesce(t.process, t.sender_process) IS NOT NULL THEN max(t.last_received, coalesce("
    "(SELECT max(h.last_received) FROM processes h WHERE h.tenant = t.tenant "
    "AND h.process IN (t.process, t.sender_process)), t.last_received)) END"
)
#: A common table of the instants by which runs of agents must have been heard; its value comes from :func:`leases`.
LEASES = "leases (agent_id, heard_by) AS MATERIALIZED (SELECT key, value FROM json_each(?))"
#: Joins the lease of a run's agent. Materialised, so that SQLite looks it up by an index it makes.
OF_AGENT = "LEFT JOIN leases l ON l.agent_id = t.agent_id"
#: Whether the open run ``t`` with the lease ``l`` is lost: 0 or 1, never NULL. One that told of itself lately is not
#: looked up among the processes.
LOST = f"(coalesce(t.last_received < l.heard_by, 0) AND coalesce({HEARD} < l.heard_by, 0))"


def leases(silence: Silence) -> str:
    """The value that :data:`LEASES` reads."""
    return msgspec.json.encode(silence.heard_by).decode()
