"""Lines of an export as a Parquet file: typed columns, payloads as JSON text, a row group at a time."""

from __future__ import annotations

import contextlib
import types
import typing
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Raw

from hiveboard.projections.event_line import EventLine
from hiveboard.projections.task_status import TaskView

__all__ = ["parquet_sink"]

_ROW_GROUP = 5_000
_TYPES = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_(), Raw: pa.string()}
_INSTANT = pa.timestamp("us", tz="UTC")


@contextlib.contextmanager
def parquet_sink(path: Path, *, runs: bool) -> Iterator[Callable[[bytes], object]]:
    """What takes lines of events (or of runs) and writes them as rows."""
    schema = _schema(TaskView if runs else EventLine)
    rows: list[dict[str, Any]] = []
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:

        def flush() -> None:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            rows.clear()

        def write(lines: bytes) -> None:
            for line in lines.splitlines():
                rows.append(_row(line, schema))
                if len(rows) >= _ROW_GROUP:
                    flush()

        yield write
        if rows:
            flush()


def _schema(struct: type[msgspec.Struct]) -> pa.Schema:
    """Columns by the fields of a struct; those that hold instants as such."""
    columns = []
    for name, hint in typing.get_type_hints(struct).items():
        if name == "record":
            continue
        options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        kind = next(option for option in options if option is not type(None))
        is_instant = kind is str and (name.endswith("_at") or name == "timestamp")
        columns.append(pa.field(name, _INSTANT if is_instant else _TYPES.get(kind, pa.string())))
    return pa.schema(columns)


def _row(line: bytes, schema: pa.Schema) -> dict[str, Any]:
    decoded = msgspec.json.decode(line)
    row = {}
    for column in schema:
        value = decoded.get(column.name)
        if isinstance(value, str) and column.type == _INSTANT:
            value = datetime.fromisoformat(value)
        elif isinstance(value, dict | list):
            value = msgspec.json.encode(value).decode()
        row[column.name] = value
    return row
