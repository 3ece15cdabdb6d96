"""One POST to the collector: timeouts, compression, and what the answer means. No threads, no retries here."""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from typing import Any

import msgspec

__all__ = ["Answer", "Http", "Verdict"]

CONNECT_TIMEOUT_SECONDS = 2.0
READ_TIMEOUT_SECONDS = 10.0
MAX_RETRY_AFTER_SECONDS = 300.0
_MAX_ANSWER_BYTES = 1_048_576
_COMPRESS_FROM_BYTES = 1_024


class Verdict:
    """What to do with a batch after an answer. Plain strings, so they read well in logs and tests."""

    DELIVERED = "delivered"  # stored, but for the events in ``rejected``
    SPLIT = "split"  # too large, or refused because of some event in it: halve and try again
    REFUSED = "refused"  # key or address is wrong: keep, say so once, try again later
    RETRY = "retry"  # the collector is away or busy: keep, back off


class Answer(msgspec.Struct, frozen=True):
    """The meaning of one answer. ``rejected`` is ``{event_id: reason}``; ``retry_after_seconds`` as the collector asked."""

    verdict: str
    reason: str
    rejected: dict[str, str] = {}
    retry_after_seconds: float | None = None


class Http:
    """Talks to ``{endpoint}/v1/ingest``. Used by one thread at a time."""

    def __init__(self, endpoint: str, api_key: str, process: str) -> None:
        self.url = f"{endpoint}/v1/ingest"
        self._headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        self._process = process
        self._sequence = 0
        self._accepts_gzip = False
        self._pool: Any = None

    def post(self, envelope: bytes, events: Sequence[bytes]) -> Answer:
        """Send one batch. Network errors are answers too: nothing is raised for them."""
        body = b'{"envelope":' + envelope + b',"events":[' + b",".join(events) + b"]}"
        self._sequence += 1
        headers = {**self._headers, "X-HiveLoop-Client": f"{self._process}:{self._sequence}"}
        if self._accepts_gzip and len(body) >= _COMPRESS_FROM_BYTES:
            compressor = zlib.compressobj(1, zlib.DEFLATED, 31)
            body = compressor.compress(body) + compressor.flush()
            headers["Content-Encoding"] = "gzip"
        return self._exchange(body, headers, len(events))

    def _exchange(self, body: bytes, headers: dict[str, str], count: int) -> Answer:
        import urllib3  # loaded by the sender thread, never by the program that imports hiveloop

        if self._pool is None:
            timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=READ_TIMEOUT_SECONDS)
            self._pool = urllib3.PoolManager(num_pools=1, maxsize=1, retries=False, timeout=timeout)
        try:
            response = self._pool.request(
                "POST", self.url, body=body, headers=headers, redirect=False, preload_content=False
            )
            try:
                content = response.read(_MAX_ANSWER_BYTES + 1, decode_content=True)
            finally:
                response.release_conn() if _is_drained(response) else response.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return Answer(Verdict.RETRY, f"{type(error).__name__} at {self.url}")
        advertised = response.headers.get("X-HiveBoard-Accept-Encoding", "")
        self._accepts_gzip = "gzip" in advertised and response.status != 415
        return _meaning(response.status, response.headers.get("Retry-After"), content, count)

    def close(self) -> None:
        """Drop idle connections."""
        if self._pool is not None:
            self._pool.clear()
            self._pool = None


def _is_drained(response: Any) -> bool:
    left = response.length_remaining
    return left is None or left == 0


def _meaning(status: int, retry_after: str | None, content: bytes, count: int) -> Answer:
    if status in (200, 201, 202, 207):
        return _stored(content, count)
    if status == 413 or status == 400 or status == 422:
        return Answer(Verdict.SPLIT, f"HTTP {status}: {_message(content)}")
    if status == 429 or status >= 500:
        return Answer(Verdict.RETRY, f"HTTP {status}", retry_after_seconds=_retry_after(retry_after, content))
    if 300 <= status < 400:
        return Answer(
            Verdict.REFUSED, f"HTTP {status}: the endpoint redirects; set endpoint to the collector itself"
        )
    if status in (401, 403):
        return Answer(Verdict.REFUSED, f"HTTP {status}: the collector does not take this api_key")
    return Answer(Verdict.REFUSED, f"HTTP {status}: this does not look like a collector")


def _stored(content: bytes, count: int) -> Answer:
    """A 2xx counts only when its body is complete and accounts for every event; otherwise the batch is sent again."""
    try:
        body = msgspec.json.decode(content)
        accepted, rejected = body["accepted"], body["rejected"]
        errors = body.get("errors") or []
        complete = int(accepted) + int(rejected) == count
        reasons = {
            str(item["event_id"]): f"{item.get('error')}: {item.get('message')}"[:500]
            for item in errors
            if isinstance(item, dict) and item.get("event_id")
        }
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return Answer(Verdict.RETRY, "the answer to a batch was not the collector's")
    if not complete:
        return Answer(Verdict.RETRY, "the answer did not account for every event of the batch")
    return Answer(Verdict.DELIVERED, "stored", rejected=reasons if rejected else {})


def _message(content: bytes) -> str:
    try:
        body = msgspec.json.decode(content)
        return str(body.get("message") or body.get("error"))[:300]
    except (msgspec.DecodeError, UnicodeDecodeError, AttributeError):
        return content[:100].decode("utf-8", "replace")


def _retry_after(header: str | None, content: bytes) -> float | None:
    """Seconds from the header (a number or an HTTP date) or from the body's ``details``; capped at five minutes."""
    seconds: float | None = None
    if header:
        try:
            seconds = float(header)
        except ValueError:
            import email.utils

            try:
                seconds = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
            except (TypeError, ValueError):
                seconds = None
    if seconds is None:
        try:
            seconds = float(msgspec.json.decode(content)["details"]["retry_after_seconds"])
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError):
            return None
    if seconds != seconds:
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)
