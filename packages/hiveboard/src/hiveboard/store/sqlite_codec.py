"""How an event lies in SQLite: a column for everything that is searched, one packed value for the rest.

Binding a column costs about as much as packing ten of them, and ingest is what the collector does most.
"""

from __future__ import annotations

import sqlite3
from itertools import chain
from typing import Any

import msgspec
from hiveloop.events import EVENT_TYPES, SEVERITIES, ActionCompleted, ActionStarted, Heartbeat

from .records import EventRecord, Origin, StoredEvent

__all__ = [
    "EVENT_JOINS",
    "EVENT_SELECT",
    "FREQUENT_LABELS",
    "HEARTBEAT_LABEL",
    "OF_TENANT",
    "TROUBLE",
    "TYPE_LABELS",
    "from_row",
    "insert_events",
    "payload_of_body",
    "to_row",
]

#: Label ids of the event types; kinds of custom events get ids of their own as they appear.
TYPE_LABELS = {event_type: number for number, event_type in enumerate(EVENT_TYPES, 1)}
HEARTBEAT_LABEL = TYPE_LABELS[Heartbeat.event_type]
#: Types of which any stretch of time is full: whoever asks for one finds it quickly without an index by type.
FREQUENT_LABELS = (TYPE_LABELS[ActionStarted.event_type], TYPE_LABELS[ActionCompleted.event_type])

_SEVERITY_IDS = {severity: number for number, severity in enumerate(SEVERITIES)}
#: Severities from here on (warn, error) have an index of their own.
TROUBLE = _SEVERITY_IDS["warn"]

_COLUMNS = (
    "seq, tenant_id, event_id, ts, agent_id, task_id, task_run_id, label, severity, scope_id, model, body"
)
_ROW = f"({', '.join('?' * 12)})"
# Python gives up its lock around every statement, and another thread waits for just that. Rows go in by the
# dozen, so that a commit does not change hands at every event.
_ROWS_AT_ONCE = 48
_INSERT = f"INSERT OR IGNORE INTO {{}} ({_COLUMNS}) VALUES {_ROW}"
_INSERT_MANY = _INSERT + f", {_ROW}" * (_ROWS_AT_ONCE - 1)

EVENT_SELECT = (
    "SELECT e.seq, t.name, e.event_id, e.ts, e.agent_id, e.task_id, e.task_run_id, e.severity, e.scope_id, "
    "e.model, e.body, l.event_type, l.kind, s.project_id, s.task_type, s.environment, s.group_name, s.agent_version"
)
EVENT_JOINS = (
    "JOIN labels l ON l.id = e.label JOIN scopes s ON s.id = e.scope_id JOIN tenants t ON t.id = e.tenant_id"
)
#: The events of one tenant, whose name is the value.
OF_TENANT = "e.tenant_id = (SELECT id FROM tenants WHERE name = ?)"

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[Any]).decode


def to_row(seq: int, record: EventRecord, tenant_id: int, label: int) -> tuple[Any, ...]:
    """The values of an INSERT."""
    body = _pack(
        (
            record.received_at,
            record.origin_id,
            record.agent_type,
            record.correlation_id,
            record.action_id,
            record.parent_action_id,
            record.parent_event_id,
            record.status,
            record.duration_ms,
            record.payload,
            record.tokens_in,
            record.tokens_out,
            record.cost_nano,
            record.cost_source,
            record.cost_model,
        )
    )
    return (
        seq,
        tenant_id,
        record.event_id,
        record.ts,
        record.agent_id,
        record.task_id,
        record.task_run_id,
        label,
        _SEVERITY_IDS[record.severity],
        record.scope_id,
        record.model,
        body,
    )


def insert_events(connection: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    """Store the rows that :func:`to_row` made, leaving out those whose id is there already."""
    full = len(rows) - len(rows) % _ROWS_AT_ONCE
    chunks = (rows[start : start + _ROWS_AT_ONCE] for start in range(0, full, _ROWS_AT_ONCE))
    connection.executemany(_INSERT_MANY.format(table), map(_flat, chunks))
    connection.executemany(_INSERT.format(table), rows[full:])


def _flat(rows: list[tuple[Any, ...]]) -> list[Any]:
    return list(chain.from_iterable(rows))


def payload_of_body(body: bytes) -> bytes | None:
    """The payload alone of what :func:`to_row` packed."""
    payload: bytes | None = _unpack(body)[9]
    return payload


def from_row(row: tuple[Any, ...]) -> StoredEvent:
    """The event of a row that :data:`EVENT_SELECT` gave."""
    seq, tenant, event_id, ts, agent_id, task_id, run_id, severity, scope_id, model, body = row[:11]
    event_type, kind, project_id, task_type, environment, group, version = row[11:]
    rest = _unpack(body)
    record = EventRecord(
        tenant=tenant,
        event_id=event_id,
        ts=ts,
        received_at=rest[0],
        origin_id=rest[1],
        agent_id=agent_id,
        agent_type=rest[2],
        event_type=event_type,
        kind=kind,
        severity=SEVERITIES[severity],
        project_id=project_id,
        task_id=task_id,
        task_type=task_type,
        task_run_id=run_id,
        correlation_id=rest[3],
        action_id=rest[4],
        parent_action_id=rest[5],
        parent_event_id=rest[6],
        status=rest[7],
        duration_ms=rest[8],
        payload=rest[9],
        model=model,
        tokens_in=rest[10],
        tokens_out=rest[11],
        cost_nano=rest[12],
        cost_source=rest[13],
        cost_model=rest[14],
        scope_id=scope_id,
    )
    return StoredEvent(seq, record, Origin(agent_version=version, environment=environment, group=group))
