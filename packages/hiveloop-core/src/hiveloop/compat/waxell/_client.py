"""Where a program says which collector it talks to; keys of any form are taken."""

from __future__ import annotations

import os
import re
from typing import Any, ClassVar

from hiveloop import _client, config
from hiveloop._runtime import runtime

__all__ = ["WaxellObserveClient", "init"]


class WaxellObserveClient:
    """``configure(api_url, api_key)`` once, or an instance given to ``WaxellContext(client=…)``."""

    _configured: ClassVar[tuple[str | None, str | None] | None] = None

    def __init__(self, api_url: str | None = None, api_key: str | None = None) -> None:
        self.api_url = api_url
        self.api_key = api_key

    @classmethod
    def configure(cls, api_url: str | None = None, api_key: str | None = None) -> None:
        """Start sending to this collector; of a client that runs already nothing changes."""
        cls._configured = (api_url, api_key)
        start(api_url, api_key)

    @classmethod
    def is_configured(cls) -> bool:
        """Whether a client runs."""
        return _client._board is not None


def init(api_key: str | None = None, api_url: str | None = None, **settings: Any) -> None:
    """Start sending, with every framework that is installed turned on. ``settings`` are those of ``hiveloop.init``."""
    start(api_url, api_key, **{"instrument": True, **settings})


def start(api_url: str | None, api_key: str | None, **settings: Any) -> None:
    """One ``hiveloop.init``, unless there was one."""
    if _client._board is not None:
        return
    endpoint = os.environ.get("HIVELOOP_ENDPOINT") or api_url or None
    _client.init(api_key=key_of(api_key, endpoint), endpoint=endpoint, **settings)


def key_of(given: str | None, endpoint: str | None) -> str | None:
    """A key the collector can have: its own kind as it is, of any other what may stand in one behind ``hb_live_``."""
    own = os.environ.get("HIVELOOP_API_KEY")
    if own:
        return own
    key = given if isinstance(given, str) else ""
    if key.startswith("hb_"):
        return key
    kept = re.sub(r"[^A-Za-z0-9_.-]", "_", key)[:200]
    if kept:
        return f"hb_live_{kept}"
    is_local = endpoint is None or config.is_loopback(endpoint)
    return None if is_local else config.LOCAL_KEY


def ensure_started(client: WaxellObserveClient | None) -> None:
    """A context may be the first thing a program does."""
    if runtime.pipeline is not None:
        return
    if isinstance(client, WaxellObserveClient):
        start(client.api_url, client.api_key)
    else:
        start(*(WaxellObserveClient._configured or (None, None)))
