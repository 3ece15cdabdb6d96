"""One POST to the collector: connection, timeouts, compression. No threads, no back-off here; answers are read in `_answer`."""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
import zlib
from collections.abc import Sequence
from typing import Any, ClassVar

from ._answer import Answer, Verdict, read_answer
from ._clock import steady_seconds
from ._outlet import is_audited, show

__all__ = ["CONNECT_TIMEOUT_SECONDS", "Http", "imports", "read_whole"]

CONNECT_TIMEOUT_SECONDS = 2.0
READ_TIMEOUT_SECONDS = 10.0
_MAX_ANSWER_BYTES = 1_048_576
_WHOLE_ANSWER_SECONDS = 20.0
_COMPRESS_FROM_BYTES = 1_024
#: ``encodings.idna`` is what ``socket.getaddrinfo`` imports at its first call.
_NEEDED = ("urllib3", "encodings.idna", "email.utils", "random")


class _Imports:
    """What only a delivery needs is imported by its thread: it costs the program 100 ms it should not wait for.

    A fork in the middle of an import leaves the child a module whose lock nobody will ever release, and the child
    hangs when it imports the same; so a fork waits until this lock is free.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()

    def reset(self) -> None:
        """In a forked child."""
        self.lock = threading.RLock()

    def load(self) -> None:
        """Import everything a request or a back-off may need."""
        with self.lock:
            for name in _NEEDED:
                importlib.import_module(name)
            with contextlib.suppress(ImportError):
                importlib.import_module("zstandard")  # the extra `zstd`


imports = _Imports()


class Http:
    """Talks to ``{endpoint}/v1/ingest``. Used by one thread at a time."""

    #: Last number used in ``X-HiveLoop-Client`` by process: it goes on after a new ``init``.
    _numbers: ClassVar[dict[str, int]] = {}

    def __init__(self, endpoint: str, api_key: str, process: str) -> None:
        self.url = f"{endpoint}/v1/ingest"
        self._headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        self._process = process
        #: Encodings the last answer advertised.
        self._advertised: frozenset[str] = frozenset()
        #: ``None`` until the collector has read a compressed body, or failed to.
        self._reads_compressed: bool | None = None
        self._pool: Any = None
        self._is_connected = False
        self.connect_seconds = CONNECT_TIMEOUT_SECONDS
        self.read_seconds = READ_TIMEOUT_SECONDS

    def post(self, envelope: bytes, events: Sequence[bytes]) -> Answer:
        """Send one batch. Network errors are answers too: nothing is raised for them."""
        body = b'{"envelope":' + envelope + b',"events":[' + b",".join(events) + b"]}"
        if is_audited():
            return self._show(body)
        if len(body) >= _COMPRESS_FROM_BYTES and self._reads_compressed is not False:
            packed = _compressed(body, self._advertised)
            if packed is not None:
                return self._post_compressed(body, packed, len(events))
        return self._exchange(body, {}, len(events))

    def _show(self, body: bytes) -> Answer:
        """``hiveloop audit``: not a byte leaves."""
        try:
            show(body)
        except OSError as error:
            return self._failure(error)
        return Answer(Verdict.DELIVERED, "shown by hiveloop audit", status=200)

    def _post_compressed(self, body: bytes, packed: tuple[str, bytes], count: int) -> Answer:
        """A collector that advertised it and yet cannot read it gets the same once more as it is, and so ever after."""
        encoding, data = packed
        answer = self._exchange(data, {"Content-Encoding": encoding}, count)
        if answer.status == 415 or (answer.verdict == Verdict.SPLIT and self._reads_compressed is None):
            plain = self._exchange(body, {}, count)
            if answer.status == 415 or plain.verdict == Verdict.DELIVERED:
                self._reads_compressed = False
            return plain
        if answer.verdict == Verdict.DELIVERED:
            self._reads_compressed = True
        return answer

    def _exchange(self, body: bytes, headers: dict[str, str], count: int) -> Answer:
        import urllib3

        # A number is used up by an answer, so that a gap tells the collector of a batch that never came.
        number = self._numbers.get(self._process, 0) + 1
        sent = {**self._headers, **headers, "X-HiveLoop-Client": f"{self._process}:{number}"}
        try:
            status, answered, content = self._request(body, sent)
        except urllib3.exceptions.ProtocolError as error:
            if not self._is_connected:
                return self._failure(error)
            # The collector closed an idle connection at the very moment we used it: nothing is wrong with it.
            self._is_connected = False
            try:
                status, answered, content = self._request(body, sent)
            except (urllib3.exceptions.HTTPError, OSError) as again:
                return self._failure(again)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return self._failure(error)
        self._is_connected = True
        advertised = answered.get("X-HiveBoard-Accept-Encoding", "")
        self._advertised = frozenset(name.strip().lower() for name in advertised.split(","))
        answer = read_answer(status, answered.get("Retry-After"), content, count)
        if answer.verdict in (Verdict.DELIVERED, Verdict.SPLIT):
            self._numbers[self._process] = number
        return answer

    def _request(self, body: bytes, headers: dict[str, str]) -> tuple[int, Any, bytes]:
        import urllib3

        if self._pool is None:
            self._pool = urllib3.PoolManager(num_pools=1, maxsize=1, retries=False)
        timeout = urllib3.Timeout(connect=self.connect_seconds, read=self.read_seconds)
        response = self._pool.request(
            "POST",
            self.url,
            body=body,
            headers=headers,
            timeout=timeout,
            redirect=False,
            preload_content=False,
        )
        is_whole = False
        try:
            content = read_whole(response)
            is_whole = len(content) <= _MAX_ANSWER_BYTES
        finally:
            if is_whole:
                response.release_conn()
            else:
                response.close()
        return response.status, response.headers, content

    def _failure(self, error: Exception) -> Answer:
        self._is_connected = False
        return Answer(Verdict.RETRY, f"{type(error).__name__} at {self.url}")

    def close(self) -> None:
        """Drop idle connections."""
        if self._pool is not None:
            self._pool.clear()
            self._pool = None


def read_whole(response: Any) -> bytes:
    """The body. The socket's timeout starts anew with every byte, so an answer that trickles has one for the whole."""
    give_up_at = steady_seconds() + _WHOLE_ANSWER_SECONDS
    content = bytearray()
    while len(content) <= _MAX_ANSWER_BYTES:
        piece = response.read1(65_536, decode_content=True)
        if not piece:
            break
        content += piece
        if steady_seconds() > give_up_at:
            raise TimeoutError("the answer trickles")
    return bytes(content)


def _compressed(body: bytes, advertised: frozenset[str]) -> tuple[str, bytes] | None:
    """Name of the encoding and the body in it; ``None`` where nothing we have is advertised."""
    zstandard = sys.modules.get("zstandard")
    if "zstd" in advertised and zstandard is not None:
        packed: bytes = zstandard.ZstdCompressor(level=1).compress(body)
        return "zstd", packed
    if "gzip" in advertised:
        compressor = zlib.compressobj(1, zlib.DEFLATED, 31)
        return "gzip", compressor.compress(body) + compressor.flush()
    return None
