"""Documents in the SQLite store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from .documents import Document

__all__ = [
    "change_document",
    "delete_document",
    "get_document",
    "list_documents",
    "list_tenants",
    "put_document",
]

_SELECT = "SELECT kind, id, body, updated_at FROM documents WHERE tenant = ? AND kind = ?"
_PUT = """
INSERT INTO documents (tenant, kind, id, body, updated_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (tenant, kind, id) DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at
"""
_FORGET = """
DELETE FROM documents WHERE tenant = ?1 AND kind = ?2 AND id <= (
  SELECT id FROM documents WHERE tenant = ?1 AND kind = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)
"""


def list_documents(
    connection: sqlite3.Connection, tenant: str, kind: str, limit: int, before: str | None
) -> list[Document]:
    """Documents of a kind, the greatest id first; ``before`` goes on after an id."""
    where, values = ("", []) if before is None else (" AND id < ?", [before])
    rows = connection.execute(f"{_SELECT}{where} ORDER BY id DESC LIMIT ?", [tenant, kind, *values, limit])
    return [Document(*row) for row in rows]


def get_document(connection: sqlite3.Connection, tenant: str, kind: str, document_id: str) -> Document | None:
    """One document, None when there is none of that id."""
    row = connection.execute(f"{_SELECT} AND id = ?", (tenant, kind, document_id)).fetchone()
    return None if row is None else Document(*row)


def put_document(connection: sqlite3.Connection, tenant: str, document: Document, keep: int | None) -> None:
    """Store a document in place of the one with its id, then forget all but the ``keep`` greatest ids of its kind."""
    values = (tenant, document.kind, document.id, document.body, document.updated_at)
    connection.execute(_PUT, values)
    if keep is not None:
        connection.execute(_FORGET, (tenant, document.kind, keep))


def change_document(
    connection: sqlite3.Connection,
    tenant: str,
    kind: str,
    document_id: str,
    change: Callable[[Document | None], Document | None],
) -> Document | None:
    """Store what ``change`` makes of a document, unless that is None; within a transaction that writes. Returns what is there then."""
    found = get_document(connection, tenant, kind, document_id)
    changed = change(found)
    if changed is None:
        return found
    put_document(connection, tenant, changed, None)
    return changed


def delete_document(connection: sqlite3.Connection, tenant: str, kind: str, document_id: str) -> bool:
    """Whether there was one to delete."""
    cursor = connection.execute(
        "DELETE FROM documents WHERE tenant = ? AND kind = ? AND id = ?", (tenant, kind, document_id)
    )
    return cursor.rowcount > 0


def list_tenants(connection: sqlite3.Connection) -> list[str]:
    """Every namespace that has events or documents."""
    sql = "SELECT name FROM tenants UNION SELECT DISTINCT tenant FROM documents ORDER BY 1"
    return [name for (name,) in connection.execute(sql)]
