"""``hiveboard doctor``: what a newcomer may have trouble with, checked one by one, each with its fix."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from urllib.parse import urlsplit

import typer

from hiveboard import __version__

from .options import Key, Url
from .terminal import fail, output, plain

if TYPE_CHECKING:
    from .client import Client

__all__ = ["doctor"]

_FREE_BYTES = 1024**3
_SKEW_SECONDS = 30.0
_QUIET_SECONDS = 3_600.0


class _Finding(NamedTuple):
    """One check: whether it is good, what was found, and what to do where it is not. A ``note`` fails nothing."""

    good: bool
    what: str
    fix: str = ""
    is_note: bool = False


def doctor(
    store: Annotated[
        str | None,
        typer.Option(
            envvar="HIVEBOARD_STORE",
            help="Look at this store file too, whether or not a collector runs on it.",
        ),
    ] = None,
    url: Url = "http://127.0.0.1:8000",
    key: Key = None,
) -> None:
    """Check the collector, your key, the clocks, the store and whether events arrive; each line says what to do.

    Exits with 1 when something is wrong.
    """
    from .client import Client, ClientError

    try:
        client = Client(url, key)
    except ClientError as error:
        raise fail(str(error)) from None
    console, wrong = output(), 0
    for finding in [*_remote(client), *([] if store is None else _local(Path(store)))]:
        mark, style = ("✓", "green") if finding.good else ("!", "yellow") if finding.is_note else ("✗", "red")
        wrong += not finding.good and not finding.is_note
        text = f"{mark} {finding.what}" + (
            f"\n    → {finding.fix}" if finding.fix and not finding.good else ""
        )
        console.print(plain(text), style=style, soft_wrap=True)
    if wrong:
        raise typer.Exit(1)


def _remote(client: Client) -> Iterator[_Finding]:
    from .client import ClientError

    try:
        health = client.read(dict[str, Any], "/health")
        if "version" not in health or "auth" not in health:
            raise ClientError("it answers, but not as a HiveBoard")
    except ClientError:
        yield _unreachable(client.url)
        return
    yield _Finding(True, f"a collector answers at {client.url}")
    version = str(health["version"])
    yield _Finding(
        version == __version__,
        f"its version is {version}" + ("" if version == __version__ else f", this command's {__version__}"),
        "install the same version on both sides: pip install --upgrade hiveboard",
        is_note=True,
    )
    try:
        answer = client.send("GET", "/v1/status")
        client.require_success(answer)
        status = client.read(dict[str, Any], "/v1/status")
    except ClientError as error:
        yield _Finding(
            False, f"your key: {error}", "make one with 'hiveboard keys create' on the collector's machine"
        )
        return
    yield from _of_key(status)
    yield _of_clock(status)
    yield from _of_store(status.get("store") or {})
    yield _of_events(status)


def _unreachable(url: str) -> _Finding:
    """Nothing answers, or something else does."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), timeout=3).close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return _Finding(
            False, f"nothing answers at {url} ({reason})",
            "start one with 'hiveboard serve', or name the right address with --url or HIVEBOARD_URL",
        )  # fmt: skip
    return _Finding(
        False, f"port {port} is taken by something that is no HiveBoard",
        f"stop it, or start the collector on another port: hiveboard serve --port {port + 1 if port < 65_535 else 0}",
    )  # fmt: skip


def _of_key(status: dict[str, Any]) -> Iterator[_Finding]:
    may = [str(one) for one in status.get("may") or []]
    if status.get("auth") == "open":
        yield _Finding(True, "no key is needed: the collector answers to this machine only")
    else:
        yield _Finding(True, f"the key is good; it may {', '.join(may)}")
    if "write" not in may and status.get("auth") != "open":
        yield _Finding(
            False, "the key cannot send events", "agents need a key with the scope ingest", is_note=True
        )


def _of_clock(status: dict[str, Any]) -> _Finding:
    from hiveboard.instant import SECOND_US, now_us, parse_instant

    theirs = parse_instant(str(status.get("now")))
    apart = abs((theirs or 0) - now_us()) / SECOND_US
    return _Finding(
        apart <= _SKEW_SECONDS,
        f"the clocks differ by {apart:.1f} s",
        "set both clocks with NTP: events are ordered by the agents' clocks, ages are told by the collector's",
    )


def _of_store(store: dict[str, Any]) -> Iterator[_Finding]:
    trouble, free = store.get("trouble"), store.get("free_bytes")
    yield _Finding(
        trouble is None,
        f"the store takes changes (schema {store.get('schema_version')}, {_size(store.get('size_bytes'))})"
        if trouble is None
        else f"the store takes no change: {trouble}",
        "free space on its disk, and see that the collector's user may write the file and its folder",
    )
    if isinstance(free, int):
        yield _Finding(
            free >= _FREE_BYTES, f"{_size(free)} are free on its disk",
            "free some, or keep less: set retention_days with PATCH /v1/settings",
        )  # fmt: skip


def _of_events(status: dict[str, Any]) -> _Finding:
    from hiveboard.instant import SECOND_US, now_us, parse_instant
    from hiveboard.projections.wording import duration, plural

    if "read" not in (status.get("may") or []):
        return _Finding(True, "whether events arrive is not told to a key that only sends")
    at = status.get("last_received_at")
    received = parse_instant(at) if isinstance(at, str) else None
    if received is None:
        return _Finding(
            False, "no event has arrived yet",
            "in your agent: hiveloop.init(endpoint=…) with the collector's address", is_note=True,
        )  # fmt: skip
    age = max(0, now_us() - received)
    return _Finding(
        age <= _QUIET_SECONDS * SECOND_US,
        f"the last event arrived {duration(age // 1000)} ago, of {plural(int(status.get('agents') or 0), 'agent')}",
        "is an agent at work? its log names what it could not send", is_note=True,
    )  # fmt: skip


def _local(file: Path) -> Iterator[_Finding]:
    """A store file on this machine."""
    import os
    import sqlite3

    from hiveboard.store.sqlite_connect import connect_reader, require_own
    from hiveboard.store.sqlite_schema import require_readable

    folder = file.absolute().parent
    if not file.is_file():
        yield _Finding(
            folder.is_dir(), f"there is no store at {file} yet", f"make the folder first: mkdir -p {folder}"
        )
        return
    try:
        connection = connect_reader(file)
        try:
            require_own(connection)
            yield _Finding(True, f"{file} is a store of schema {require_readable(connection)}")
        finally:
            connection.close()
    except sqlite3.Error as error:
        yield _Finding(False, f"{file} cannot be read: {error}", "name another file with --store")
    may_write = os.access(file, os.W_OK) and os.access(folder, os.W_OK)
    yield _Finding(may_write, f"{file} and its folder can be written" if may_write else f"{file} or its folder cannot be written",
                   f"chown or chmod {folder}")  # fmt: skip
    free = shutil.disk_usage(folder).free
    yield _Finding(free >= _FREE_BYTES, f"{_size(free)} are free where it lies", "free some space there")


def _size(count: object) -> str:
    if not isinstance(count, int):
        return "unknown size"
    value, unit = float(count), "bytes"
    for unit in ("bytes", "KB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
