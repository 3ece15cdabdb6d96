"""The collector's policies, kept up to date beside the program: asked for seldom, held in memory, never waited for twice."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec

from hiveloop._http import CONNECT_TIMEOUT_SECONDS, imports, read_whole
from hiveloop._outlet import is_audited
from hiveloop._safety import attempt

from ._rules import Policy
from ._wire import read_policies

__all__ = ["Feed"]

log = logging.getLogger("hiveloop")

REFRESH_SECONDS = 30.0
#: How long a collector that serves no policies is left alone.
UNSUPPORTED_SECONDS = 600.0
_READ_TIMEOUT_SECONDS = 5.0


class Feed:
    """One collector's policies. What is known keeps holding while the collector is away; nothing known is none."""

    def __init__(self, endpoint: str, api_key: str, on_change: Callable[[], None]) -> None:
        self._url = f"{endpoint}/v1/policies"
        self._headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        self._on_change = on_change
        self._tag: str | None = None
        self._due = 0.0
        # Asked whether it is alive instead of holding a lock: in a forked child no thread of the parent is.
        self._thread: threading.Thread | None = None
        self.policies: tuple[Policy, ...] = ()
        #: Whether the collector answered, or failed to, at least once.
        self.has_asked = False

    def refresh(self) -> None:
        """Ask beside the calling thread, where it is time to and nobody asks yet."""
        thread = self._thread
        is_asking = thread is not None and thread.is_alive()
        # In a forked child nobody asks, and it need not be time to.
        if is_asking or (self.has_asked and time.monotonic() < self._due):
            return
        self._due = time.monotonic() + REFRESH_SECONDS
        asking = threading.Thread(target=self._run, name="hiveloop-policies", daemon=True)
        self._thread = asking
        attempt(asking.start, "policies")

    def wait(self, seconds: float) -> None:
        """Until the first answer, or its failure, is there; at once ever after."""
        thread = self._thread
        if not self.has_asked and thread is not None:
            attempt(lambda: thread.join(seconds), "policies")

    def _run(self) -> None:
        attempt(self._ask, "policies")
        self.has_asked = True

    def _ask(self) -> None:
        if is_audited():
            return
        imports.load()
        import urllib3

        headers = {**self._headers, **({"If-None-Match": self._tag} if self._tag else {})}
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=_READ_TIMEOUT_SECONDS)
        try:
            with urllib3.PoolManager(num_pools=1, retries=False) as pool:
                response = pool.request(
                    "GET",
                    self._url,
                    headers=headers,
                    timeout=timeout,
                    redirect=False,
                    preload_content=False,
                )
                try:
                    self._learn(response, read_whole(response))
                finally:
                    response.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            log.debug("policies: %s at %s; what is known holds", type(error).__name__, self._url)

    def _learn(self, response: Any, body: bytes) -> None:
        if response.status in (404, 405, 501):
            self._due = time.monotonic() + UNSUPPORTED_SECONDS
            return
        if response.status != 200:  # 304: they are the same; anything else: what is known holds
            return
        try:
            found = read_policies(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            log.debug("policies: the answer at %s was not the collector's; what is known holds", self._url)
            return
        self._tag = response.headers.get("ETag")
        self.policies = found
        self._on_change()
