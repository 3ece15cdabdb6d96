"""A collector on loopback that fails in every way a collector or what stands before it can, switched while it runs."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any

from .faults import ANSWER, CUT, HANG, MAX_BYTES, MAX_EVENTS, RESET, Behaviour, Request, healthy

MAX_PAYLOAD = 32_768


class FaultSink:
    """Listens on a free port of loopback. ``stored`` counts by event id; nothing is stored twice in ``events``."""

    def __init__(self, behaviour: Behaviour = healthy) -> None:
        self._changed = threading.Condition()
        self._behaviour = behaviour
        self._switches = 0
        self.stored: Counter[str] = Counter()
        #: Stored events in order of arrival, each with the ``agent_id`` of its envelope.
        self.events: list[dict[str, Any]] = []
        self.requests: list[Request] = []
        #: What a real collector would have refused: filled whatever the behaviour is.
        self.violations: list[str] = []
        self._listener: socket.socket | None = None
        self._connections: set[socket.socket] = set()
        self._reserved = self._bind(0)
        self.port: int = self._reserved.getsockname()[1]
        self.open_port()

    @property
    def endpoint(self) -> str:
        """For ``hiveloop.init``."""
        return f"http://127.0.0.1:{self.port}"

    # -- switches --

    def become(self, behaviour: Behaviour) -> None:
        """From the next request on; requests that hang are dropped unanswered."""
        with self._changed:
            self._behaviour = behaviour
            self._switches += 1
            self._changed.notify_all()

    def close_port(self) -> None:
        """Connections are refused; the port stays ours (bound, not listening)."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        # Unlike close(), this wakes a thread that is in accept().
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._reserved = self._bind(self.port)

    def open_port(self) -> None:
        """Take connections (again)."""
        if self._listener is not None:
            return
        self._listener = self._reserved
        self._listener.listen(128)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        """End of the test."""
        self.become(healthy)
        self.close_port()
        self._reserved.close()

    def __enter__(self) -> FaultSink:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # -- what came --

    def wait_until(self, condition: Callable[[FaultSink], Any], timeout: float = 20.0) -> bool:
        """Block until the condition holds; it is asked after every request."""
        with self._changed:
            return bool(self._changed.wait_for(lambda: condition(self), timeout))

    @property
    def duplicates(self) -> int:
        """How often an event came that was stored already."""
        return sum(count - 1 for count in self.stored.values())

    def kinds(self, kind: str) -> list[dict[str, Any]]:
        """Stored custom events of this kind."""
        return [event for event in list(self.events) if (event.get("payload") or {}).get("kind") == kind]

    def of_type(self, event_type: str) -> list[dict[str, Any]]:
        """Stored events of this type."""
        return [event for event in list(self.events) if event["event_type"] == event_type]

    # -- threads --

    @staticmethod
    def _bind(port: int) -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection.makefile("rb") as reader:
            while True:
                request = self._read(reader)
                if request is None or not self._answer(connection, request):
                    break
        self._connections.discard(connection)
        with contextlib.suppress(OSError):
            connection.close()

    def _read(self, reader: Any) -> Request | None:
        line = reader.readline()
        if not line:
            return None
        method, path, _ = line.decode("latin-1").split(" ", 2)
        headers: dict[str, str] = {}
        while (line := reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        body: bytes = reader.read(int(headers.get("content-length", "0")))
        if headers.get("content-encoding") == "gzip":
            body = zlib.decompress(body, 31)
        if headers.get("content-encoding") == "zstd":
            import zstandard

            body = zstandard.ZstdDecompressor().decompress(body)
        batch = self._check(body, headers) if body else {}
        return Request(
            time.monotonic(),
            method,
            path,
            headers,
            len(body),
            batch.get("envelope", {}),
            batch.get("events", []),
        )

    def _check(self, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        """Parse strictly and note what a collector of protocol version 1 would not take."""

        def forbidden(name: str) -> Any:
            self.violations.append(f"not JSON: {name}")

        batch: dict[str, Any] = json.loads(body.decode("utf-8"), parse_constant=forbidden)
        events = batch["events"]
        if len(events) > MAX_EVENTS or len(body) > MAX_BYTES:
            self.violations.append(f"{len(events)} events, {len(body)} bytes")
        if not batch["envelope"].get("agent_id"):
            self.violations.append("no agent_id")
        if not headers.get("authorization", "").startswith("Bearer hb_"):
            self.violations.append("no key")
        for event in events:
            if not (event.get("event_id") and event.get("timestamp") and event.get("event_type")):
                self.violations.append(f"missing field in {event}"[:300])
            size = len(json.dumps(event.get("payload"), ensure_ascii=False).encode())
            if size > MAX_PAYLOAD * 1.2:  # separators of this encoder are wider
                self.violations.append(f"payload of {size} bytes")
        return batch

    def _answer(self, connection: socket.socket, request: Request) -> bool:
        """Act on one request; whether the connection goes on."""
        with self._changed:
            behaviour, switches = self._behaviour, self._switches
        reply = behaviour(request)
        with self._changed:
            self.requests.append(request)
            if reply.stores:
                self._store(request, reply.rejects)
            self._changed.notify_all()
            if reply.fate == HANG:
                self._changed.wait_for(lambda: self._switches != switches)
                return False
        if reply.fate == RESET:
            self._break(connection)
            return False
        head = [f"HTTP/1.1 {reply.status} On Purpose", f"Content-Length: {len(reply.body)}"]
        head += [f"{name}: {value}" for name, value in reply.headers]
        wire = "\r\n".join([*head, "", ""]).encode() + reply.body
        connection.sendall(wire[: -len(reply.body) // 2] if reply.fate == CUT else wire)
        return reply.fate == ANSWER

    def _store(self, request: Request, rejects: frozenset[str]) -> None:
        for event in request.events:
            event_id = str(event["event_id"])
            if event_id in rejects:
                continue
            self.stored[event_id] += 1
            if self.stored[event_id] == 1:
                self.events.append({"agent_id": request.envelope.get("agent_id"), **event})

    @staticmethod
    def _break(connection: socket.socket) -> None:
        """RST instead of FIN."""
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.shutdown(socket.SHUT_RD)
            connection.close()
