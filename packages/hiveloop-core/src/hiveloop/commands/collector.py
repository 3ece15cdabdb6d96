"""What the collector at an endpoint says: reachable, which version, the clock, the key, and whether it takes an event."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from hiveloop import config
from hiveloop._answer import Verdict, read_answer
from hiveloop._clock import Clock, new_process_id
from hiveloop._encode import encode, encode_envelope
from hiveloop._http import read_whole
from hiveloop._version import SDK_VERSION, __version__
from hiveloop.errors import HiveLoopError
from hiveloop.events import AgentRegistered

from .environment import masked
from .findings import Finding, bad, good, note

__all__ = ["Collector"]

_CONNECT_SECONDS = 2.0
_SKEW_SECONDS = 30.0
_AGENT = "hiveloop-doctor"
_FIX_ADDRESS = "start one with 'hiveboard serve', or name yours with --endpoint or HIVELOOP_ENDPOINT"

_FIX_PATH = "is the address that of the collector, without a path such as /v1?"


class _Unreachable(HiveLoopError):
    """No answer; the message says why in a few words."""


class _Reply(NamedTuple):
    status: int
    headers: Any
    body: bytes
    #: By our clock, the middle of the exchange; seconds since the epoch.
    at: float

    def json(self) -> dict[str, Any]:
        """The body as an object; empty where it is none."""
        try:
            read = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return {}
        return read if isinstance(read, dict) else {}


class Collector:
    """Asks one collector, giving up at ``deadline`` (of the monotonic clock)."""

    def __init__(self, settings: config.Settings, deadline: float) -> None:
        self._endpoint = settings.endpoint
        self._key = settings.api_key
        self._deadline = deadline

    def findings(self, *, has_key: bool, sends: bool) -> Iterator[Finding]:
        """Each check that the ones before it leave worth making."""
        try:
            health = self._request("GET", "/health")
        except _Unreachable as error:
            yield bad(f"cannot reach {self._endpoint}: {error}", _fix_of(str(error)))
            return
        found = health.json()
        if health.status != 200 or not isinstance(found.get("version"), str):
            yield _stranger(self._endpoint, health)
            return
        yield good(f"a collector answers at {self._endpoint}")
        yield _version(found["version"], health.headers.get("X-HiveBoard-Accept-Encoding"))
        yield _clocks(health)
        if not has_key:
            return
        try:
            yield self._accepted()
            if sends:
                yield self._takes()
        except _Unreachable as error:
            yield bad(f"the connection to {self._endpoint} broke: {error}", "try again; look at its log")

    def _accepted(self) -> Finding:
        """Whether the key is known, and may send. Asks only."""
        reply = self._request("GET", "/v1/status")
        if reply.status == 404:  # a collector that has no such page
            reply = self._request("GET", "/v1/agents?limit=1")
        said = reply.json()
        if reply.status == 200:
            may = said.get("may")
            if isinstance(may, list) and "write" not in may:
                return bad(
                    "the collector knows the key, but it may not send", "use a key with the scope ingest"
                )
            return good("the collector accepts the key")
        if reply.status == 403:
            return good("the collector knows the key, which may not read; to see whether it may send: --send")
        message = said.get("message") or f"HTTP {reply.status}"
        if reply.status == 401:
            return bad(
                f"the collector refuses the key {masked(self._key)}: {message}",
                "pass the right one with --api-key or HIVELOOP_API_KEY; 'hiveboard keys' lists and makes them",
            )
        if reply.status == 404:
            return bad(f"{self._endpoint} does not serve what a collector does", _FIX_PATH)
        return bad(f"the collector could not say whether it accepts the key: {message}", "look at its log")

    def _takes(self) -> Finding:
        """Send the registration of an agent of our own: the smallest event there is."""
        clock = Clock()
        event_id, timestamp = clock.stamp()
        event = AgentRegistered(
            event_id=event_id, timestamp=timestamp, payload={"summary": "hiveloop doctor"}
        )
        envelope = encode_envelope({"agent_id": _AGENT, "agent_type": "doctor", "sdk_version": SDK_VERSION})
        body = b'{"envelope":' + envelope + b',"events":[' + encode(event) + b"]}"
        reply = self._request("POST", "/v1/ingest", body)
        answer = read_answer(reply.status, reply.headers.get("Retry-After"), reply.body, 1)
        if answer.verdict == Verdict.DELIVERED and not answer.rejected:
            return good(f"the collector took an event of the agent {_AGENT}")
        why = next(iter(answer.reasons.values()), answer.reason)
        return bad(
            f"the collector did not take an event: {why}", "look at its log; is the key one that may send?"
        )

    def _request(self, method: str, path: str, body: bytes | None = None) -> _Reply:
        import urllib3

        left = self._deadline - time.monotonic()
        if left <= 0:
            raise _Unreachable("no answer in time")
        timeout = urllib3.Timeout(connect=min(_CONNECT_SECONDS, left), read=left)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        if path == "/health":  # public: the key is not shown to what may be no collector at all
            del headers["Authorization"]
        else:
            headers["X-HiveLoop-Client"] = f"{new_process_id()}:1"
        began = time.time()
        try:
            with urllib3.PoolManager(num_pools=1, retries=False) as pool:
                response = pool.request(
                    method,
                    f"{self._endpoint}{path}",
                    body=body,
                    headers=headers,
                    timeout=timeout,
                    redirect=False,
                    preload_content=False,
                )
                middle = (began + time.time()) / 2
                try:
                    return _Reply(response.status, response.headers, read_whole(response), middle)
                finally:
                    response.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _Unreachable(_why(error)) from error


def _why(error: Exception) -> str:
    """In a few words: the kind of trouble, not the addresses of objects."""
    text = f"{type(error).__name__}: {error}".lower()
    for sign, words in (
        ("certificate", "its certificate is not trusted here"),
        ("ssl", "it does not speak TLS there"),
        ("refused", "connection refused"),
        ("nameresolution", "its name is not known"),
        ("timeout", "no answer in time"),
        ("timed out", "no answer in time"),
    ):
        if sign in text:
            return words
    return type(error).__name__


def _fix_of(why: str) -> str:
    if "TLS" in why:
        return "does the collector speak plain HTTP? Then the endpoint begins with http://"
    if "certificate" in why:
        return "use a certificate this machine trusts, or make Python trust it with SSL_CERT_FILE"
    return _FIX_ADDRESS


def _stranger(endpoint: str, reply: _Reply) -> Finding:
    if 300 <= reply.status < 400:
        where = reply.headers.get("Location") or "elsewhere"
        return bad(f"{endpoint} redirects to {str(where)[:200]}", "set the endpoint to the collector itself")
    return bad(f"{endpoint} answers (HTTP {reply.status}), but not as a collector", _FIX_PATH)


def _version(version: str, encodings: str | None) -> Finding:
    reads = f", reads {encodings}" if encodings else ", reads nothing compressed"
    what = f"its version is {version[:50]}{reads[:80]}"
    if version.split(".")[0] != __version__.split(".")[0]:
        return note(what, f"this SDK is {__version__}: use the same major version on both sides")
    return good(what)


def _clocks(reply: _Reply) -> Finding:
    try:
        theirs = email.utils.parsedate_to_datetime(reply.headers["Date"]).timestamp()
    except (KeyError, TypeError, ValueError, OverflowError, IndexError):
        return note("the collector does not tell the time, so the clocks cannot be compared")
    # The header has whole seconds: on average half a second behind.
    skew = reply.at - (theirs + 0.5)
    if abs(skew) <= _SKEW_SECONDS:
        return good(f"the clocks differ by {'less than a second' if abs(skew) < 1 else f'{abs(skew):.0f} s'}")
    how = "ahead of" if skew > 0 else "behind"
    return bad(
        f"this machine's clock is {abs(skew):,.0f} s {how} the collector's",
        "set it by NTP: events carry this machine's time",
    )
