"""Reading from SQLite who sent: the origins that events point to."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from .records import Origin

__all__ = ["list_origins"]


def list_origins(connection: sqlite3.Connection, origin_ids: Sequence[int]) -> dict[int, Origin]:
    """The origins of these numbers; those that are not known are left out."""
    rows = connection.execute(
        "SELECT o.id, o.agent_version, o.framework, o.runtime, o.sdk_version, o.environment, o.group_name, o.process "
        "FROM json_each(?) k CROSS JOIN origins o ON o.id = k.value",
        (json.dumps(list(origin_ids)),),
    )
    return {number: Origin(*values) for number, *values in rows}
