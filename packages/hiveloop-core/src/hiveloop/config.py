"""Settings of the SDK: arguments of ``init``, then ``HIVELOOP_*`` variables, then defaults. Raises for what is wrong."""

from __future__ import annotations

import logging
import os
from typing import Any

from msgspec import Struct

from .errors import HiveLoopConfigError

__all__ = ["LOCAL_KEY", "Settings", "is_loopback", "load"]

log = logging.getLogger("hiveloop")

DEFAULT_ENDPOINT = "http://127.0.0.1:8000"
#: Sent to a loopback collector when no key was given: without configured keys it takes any key.
LOCAL_KEY = "hb_live_local"
_MAX_BATCH = 500


class Settings(Struct, frozen=True):
    """Everything ``init`` decided. Times in seconds, sizes in bytes."""

    api_key: str
    endpoint: str
    environment: str
    group: str
    flush_interval: float
    batch_size: int
    max_queue_size: int
    debug: bool
    capture_content: bool
    max_queue_bytes: int = 64 * 1024 * 1024


def load(given: dict[str, Any]) -> Settings:
    """Settings from ``init``'s arguments (``None`` = not given); :class:`HiveLoopConfigError` names field and fix."""
    endpoint = _endpoint(_text(given, "endpoint", DEFAULT_ENDPOINT))
    return Settings(
        api_key=_api_key(_setting(given, "api_key"), endpoint),
        endpoint=endpoint,
        environment=_text(given, "environment", "production")[:64],
        group=_text(given, "group", "default")[:128],
        flush_interval=_number(given, "flush_interval", 5.0, low=0.01, high=3600.0),
        batch_size=_batch_size(int(_number(given, "batch_size", 100, low=1, high=10_000_000, whole=True))),
        max_queue_size=int(_number(given, "max_queue_size", 100_000, low=1, high=10_000_000, whole=True)),
        debug=_flag(given, "debug", False),
        capture_content=_flag(given, "capture_content", True),
    )


def _batch_size(wanted: int) -> int:
    if wanted > _MAX_BATCH:
        log.warning("batch_size %d is more than a request may hold: %d is used", wanted, _MAX_BATCH)
    return min(wanted, _MAX_BATCH)


def is_loopback(endpoint: str) -> bool:
    """Whether the endpoint's host is this machine."""
    import urllib.parse

    host = urllib.parse.urlsplit(endpoint).hostname or ""
    return host == "localhost" or host == "::1" or _is_ipv4_loopback(host) or host.endswith(".localhost")


def _is_ipv4_loopback(host: str) -> bool:
    return host.startswith("127.") and host.replace(".", "").isdigit()


def _setting(given: dict[str, Any], field: str) -> Any:
    value = given.get(field)
    if value is None:
        value = os.environ.get(f"HIVELOOP_{field.upper()}") or None
    return value


def _name(given: dict[str, Any], field: str) -> str:
    """Of the setting, and of the variable where it came from there."""
    return field if given.get(field) is not None else f"{field} (HIVELOOP_{field.upper()})"


def _text(given: dict[str, Any], field: str, default: str) -> str:
    value = _setting(given, field)
    if value is None:
        return default
    if not isinstance(value, str) or not value.strip():
        shown = "an empty one" if isinstance(value, str) else type(value).__name__
        raise HiveLoopConfigError(f"{_name(given, field)} must be a non-empty string, got {shown}")
    return value.strip()


def _endpoint(value: str) -> str:
    import urllib.parse

    try:
        parts = urllib.parse.urlsplit(value)
        port_ok = parts.port is None or parts.port > 0
    except ValueError:
        port_ok, parts = False, urllib.parse.urlsplit("")
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or not port_ok
        or parts.query
        or parts.fragment
    ):
        raise HiveLoopConfigError(
            f"endpoint must be an http:// or https:// URL of a collector such as {DEFAULT_ENDPOINT}, got {value[:200]!r}"
        )
    if parts.username or parts.password:
        raise HiveLoopConfigError("endpoint must not hold a user name or password; pass the key as api_key")
    return value.rstrip("/")


def _api_key(value: Any, endpoint: str) -> str:
    if value is None:
        if is_loopback(endpoint):
            return LOCAL_KEY
        raise HiveLoopConfigError(
            f"api_key is needed for {endpoint}: pass api_key='hb_live_…' or set HIVELOOP_API_KEY"
        )
    if not isinstance(value, str) or not value.startswith("hb_") or len(value) > 256 or not _is_token(value):
        shown = value[:8] + "…" if isinstance(value, str) else type(value).__name__
        raise HiveLoopConfigError(
            f"api_key must start with hb_live_, hb_test_ or hb_read_ and hold no spaces, got {shown!r}"
        )
    return value


def _is_token(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


def _number(
    given: dict[str, Any], field: str, default: float, *, low: float, high: float, whole: bool = False
) -> float:
    said = value = _setting(given, field)
    if value is None:
        return default
    if isinstance(value, str):
        try:
            value = int(value) if whole else float(value)
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        kind = "a whole number" if whole else "a number"
        raise HiveLoopConfigError(
            f"{_name(given, field)} must be {kind} from {low:g} to {high:g}, got {said!r:.80}"
        )
    if whole and value != int(value):
        raise HiveLoopConfigError(f"{field} must be a whole number, got {value!r}")
    return value


def _flag(given: dict[str, Any], field: str, default: bool) -> bool:
    value = _setting(given, field)
    if value is None:
        return default
    if isinstance(value, str):
        lowered = value.strip().lower()
        if lowered in ("1", "true", "yes", "on"):
            return True
        if lowered in ("0", "false", "no", "off"):
            return False
        raise HiveLoopConfigError(f"{_name(given, field)} must be true or false, got {value[:80]!r}")
    return bool(value)
