"""``hiveboard export``: events and runs out of a collector, as JSON lines or Parquet."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from msgspec import Struct

from .options import Key, Project, Quiet, Since, Until, Url, moment
from .progress import progress_bar
from .terminal import fail, say

if TYPE_CHECKING:
    from .client import Client

__all__ = ["export"]

_CHUNK = 256 * 1024


class _End(Struct):
    """What tells the last line of an export from the others."""

    record: str
    events: int = 0
    seq: int = 0


def export(
    to: Annotated[Path, typer.Option("--output", "-o", help="File to write; - is standard output.")] = Path(
        "-"
    ),
    file_format: Annotated[
        str,
        typer.Option(
            "--format", metavar="jsonl|parquet", help="Parquet needs the extra hiveboard\\[parquet]."
        ),
    ] = "jsonl",
    events: Annotated[bool, typer.Option("--events/--no-events", help="Every event, heartbeats too.")] = True,
    runs: Annotated[bool, typer.Option("--runs/--no-runs", help="Every task run, summed.")] = False,
    project: Project = None,
    since: Since = None,
    until: Until = None,
    quiet: Quiet = False,
    url: Url = "http://127.0.0.1:8000",
    key: Key = None,
) -> None:
    """Write events (and runs, on request) to a file or standard output; 'hiveboard import' reads the events back."""
    from .client import Client, ClientError

    _require_sense(to, file_format, events=events, runs=runs)
    filters = {"project_id": project, "since": moment(since, "--since"), "until": moment(until, "--until")}
    counts = {"events": 0, "runs": 0}
    try:
        client = Client(url, key)
        with _sink(to, file_format, runs=runs) as write, progress_bar("exporting", quiet=quiet) as advance:
            if events:
                counts["events"] = _write_events(client, filters, write, advance)
            if runs:
                counts["runs"] = _write_runs(client, filters, write)
    except ClientError as error:
        raise fail(str(error), code=1) from None
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise fail(f"cannot write {to}: {error.strerror or error}", code=1) from None
    done = [f"{counts[name]:,} {name}" for name, asked in (("events", events), ("runs", runs)) if asked]
    say(f"exported {' and '.join(done)}", quiet=quiet)


def _require_sense(to: Path, file_format: str, *, events: bool, runs: bool) -> None:
    if file_format not in ("jsonl", "parquet"):
        raise fail("--format is one of jsonl, parquet")
    if not events and not runs:
        raise fail("nothing is left to export: leave out --no-events, or add --runs")
    if file_format == "parquet":
        if events and runs:
            raise fail("a Parquet file holds one table: add --no-events for the runs, or leave out --runs")
        if str(to) == "-":
            raise fail("Parquet is written to a file: name it with --output")
        try:
            import pyarrow  # noqa: F401 - asked for before anything is written
        except ImportError:
            raise fail("Parquet needs pyarrow: pip install 'hiveboard[parquet]'") from None


@contextlib.contextmanager
def _sink(to: Path, file_format: str, *, runs: bool) -> Iterator[Callable[[bytes], object]]:
    """What takes lines. A file appears under its name when it is complete, not before."""
    if str(to) == "-":
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
        return
    unfinished = to.with_name(f"{to.name}.part")
    try:
        if file_format == "parquet":
            from .parquet import parquet_sink

            with parquet_sink(unfinished, runs=runs) as write:
                yield write
        else:
            with unfinished.open("wb") as file:
                yield file.write
        os.replace(unfinished, to)
    finally:
        unfinished.unlink(missing_ok=True)


def _write_events(
    client: Client,
    filters: dict[str, Any],
    write: Callable[[bytes], object],
    advance: Callable[[int, int], None],
) -> int:
    """Pass lines on as they come. Raises ClientError when the stream ends before its last line."""
    from .client import ClientError

    response = client.stream("/v1/events/export", {"Accept": "application/x-ndjson"}, **filters)
    last = int(response.headers.get("X-HiveBoard-Last-Seq") or 0)
    written, decode = 0, msgspec.json.Decoder(_End).decode
    with response:
        for lines in _whole_lines(response):
            final = decode(lines[-1])
            if final.record == "end":
                lines.pop()
            if lines:
                write(b"\n".join(lines) + b"\n")
                written += len(lines)
                advance(decode(lines[-1]).seq, last)
            if final.record == "end":
                if final.events != written:
                    break
                return written
    raise ClientError(f"the export broke off after {written:,} events; try again")


def _whole_lines(response: Any) -> Iterator[list[bytes]]:
    from urllib3.exceptions import HTTPError

    from .client import ClientError

    rest = b""
    try:
        for chunk in response.stream(_CHUNK):
            *whole, rest = (rest + chunk).split(b"\n")
            if whole:
                yield whole
    except (HTTPError, OSError) as error:
        raise ClientError(
            f"the connection broke ({type(error).__name__}); nothing was kept, try again"
        ) from None


def _write_runs(client: Client, filters: dict[str, Any], write: Callable[[bytes], object]) -> int:
    count = 0
    for row in client.rows(dict[str, Any], "/v1/tasks", None, sort="oldest", **filters):
        write(msgspec.json.encode({"record": "run", **row}) + b"\n")
        count += 1
    return count
