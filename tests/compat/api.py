"""Asks a collector on loopback, as any client does: status and JSON of one request."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

__all__ = ["KEY", "Api"]

KEY = "hb_live_compat"
_TIMEOUT_SECONDS = 20.0


class Api:
    """The endpoints of one collector under one key."""

    def __init__(self, url: str, key: str = KEY) -> None:
        self._address = urlsplit(url).netloc
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def get(self, *path: str, **query: str | int) -> Any:
        """The answer to ``/v1/{path}``; anything but 200 fails the test that asked."""
        address = "/v1/" + "/".join(quote(part, safe="") for part in path)
        status, answer = self._exchange("GET", address + (f"?{urlencode(query)}" if query else ""), None)
        assert status == 200, answer
        return answer

    def rows(self, *path: str, **query: str | int) -> list[dict[str, Any]]:
        """The ``data`` of a list."""
        rows = self.get(*path, **query)["data"]
        assert isinstance(rows, list)
        return rows

    def ingest(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and answer of one batch."""
        status, answer = self._exchange("POST", "/v1/ingest", body)
        assert isinstance(answer, dict)
        return status, answer

    def _exchange(self, method: str, address: str, body: bytes | None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self._address, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request(method, address, body, self._headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()
