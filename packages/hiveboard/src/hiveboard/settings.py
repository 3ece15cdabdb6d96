"""Every setting of the collector, with its default; the command line and HIVEBOARD_* variables fill it."""

from __future__ import annotations

import ipaddress
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

__all__ = [
    "MEMORY",
    "Limits",
    "Settings",
    "SettingsError",
    "is_loopback",
    "public_address",
    "store_address",
    "store_file",
]

#: Address of a store that is kept in memory and nowhere else.
MEMORY = "memory:"
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
    approval_waiters: int = 400
    stream_frame_events: int = 500
    stream_ring_events: int = 5_000
    alert_interval_seconds: float = 1.0
    alert_timeout_seconds: float = 10.0
    alert_retry_seconds: tuple[float, ...] = (5, 15, 60, 300, 900, 1_800)
    key_requests_per_second: float = 1_000.0
    key_burst_seconds: float = 5.0
    failed_keys_per_minute: float = 30.0
    failed_keys_burst: int = 30


@dataclass(frozen=True, slots=True)
class Settings:
    """How one collector runs. ``store`` is a file, or the address of a store that is no file, as ``memory:``."""

    host: str = "127.0.0.1"
    port: int = 8000
    store: Path | str = Path("hiveboard.db")
    keys: tuple[str, ...] = ()
    prices: Path | None = None
    public_url: str | None = None
    allow_commands: bool = False
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.public_url is not None:
            object.__setattr__(self, "public_url", public_address(self.public_url))
        for key in self.keys:
            if not key.startswith(("hb_live_", "hb_test_", "hb_read_")) or len(key) == len("hb_live_"):
                raise SettingsError(
                    "a key starts with hb_live_, hb_test_ or hb_read_ and has something after it"
                )

        rate = self.limits.key_requests_per_second
        if not (math.isfinite(rate) and rate >= 0):
            raise SettingsError("the rate limit is a number of requests per second; 0 is no limit")

    @property
    def needs_stored_key(self) -> bool:
        """Whether a key must be in the store before anything listens: others can reach the address, and none was given."""
        return not self.keys and not is_loopback(self.host)


def store_address(store: str) -> Path | str:
    """What ``--store`` names: a file, or ``memory:``. Raises SettingsError for a store that there is not."""
    return MEMORY if store == MEMORY else store_file(store)


def store_file(store: str) -> Path:
    """The file named by ``--store``. Raises SettingsError for what is no file."""
    if store == MEMORY:
        raise SettingsError("a store in memory is gone with its process; name a file with --store")
    address = _ADDRESS.match(store)
    if address is not None:
        raise SettingsError(
            f"there is no {address[1]} store yet: name a file for a SQLite store with --store, or memory: to keep nothing"
        )
    if not store:
        raise SettingsError("--store names no file")
    return Path(store)


def public_address(text: str) -> str:
    """An address that others can open, without a slash at its end. Raises SettingsError with what to name instead."""
    fix = "name an address such as https://hive.example.com"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise SettingsError(fix) from None
    plain = (
        text.isprintable() and " " not in text and not (parts.query or parts.fragment or "@" in parts.netloc)
    )
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or not plain:
        raise SettingsError(fix)
    return text.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``; a name that is not ``localhost`` counts as reachable."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
