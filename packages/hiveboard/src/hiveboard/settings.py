"""Every setting of the collector, with its default; the command line and HIVEBOARD_* variables fill it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Limits", "Settings", "SettingsError", "is_loopback", "store_file"]

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


class SettingsError(ValueError):
    """A setting that cannot work; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps that protect the process. Bytes, seconds and counts; see docs/collector.md."""

    inflate_ratio: int = 200
    encodings: int = 2
    json_depth: int = 64
    body_timeout_seconds: float = 20.0
    queue_batches: int = 512
    queue_bytes: int = 64 * 1024 * 1024
    commit_events: int = 10_000
    retry_after_seconds: int = 1
    timeline_events: int = 10_000
    scan_rows: int = 40_000
    scan_tasks: int = 8_000
    stream_clients: int = 200
    stream_frame_events: int = 500
    stream_ring_events: int = 5_000


@dataclass(frozen=True, slots=True)
class Settings:
    """How one collector runs."""

    host: str = "127.0.0.1"
    port: int = 8000
    store: Path = Path("hiveboard.db")
    keys: tuple[str, ...] = ()
    prices: Path | None = None
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        for key in self.keys:
            if not key.startswith(("hb_live_", "hb_test_", "hb_read_")) or len(key) == len("hb_live_"):
                raise SettingsError(
                    "a key starts with hb_live_, hb_test_ or hb_read_ and has something after it"
                )
        if not self.keys and not is_loopback(self.host):
            raise SettingsError(
                f"{self.host} can be reached from other machines, so a key is required: "
                "add --key hb_live_… (or set HIVEBOARD_KEY), or listen on 127.0.0.1"
            )


def store_file(store: str) -> Path:
    """The file named by ``--store``. Raises SettingsError for an address: SQLite files are the only store there is yet."""
    address = _ADDRESS.match(store)
    if address is not None:
        raise SettingsError(
            f"there is no {address[1]} store yet: everything is kept in one SQLite file; name it with --store"
        )
    if not store:
        raise SettingsError("--store names no file")
    return Path(store)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``; a name that is not ``localhost`` counts as reachable."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
