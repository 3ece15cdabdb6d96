"""A collector that only counts: ``python -m benchmarks.sink``, in a process of its own so its CPU is in no figure.

Takes HiveBoard batches and OTLP protobuf, gzip or plain. ``GET /counts`` answers what came since the last ``DELETE /counts``.
Its first line on stdout is the port.
"""

from __future__ import annotations

import asyncio
import json
import zlib

__all__ = ["count_spans"]

_SPANS_PATH = (1, 2, 2)  # resource_spans, scope_spans, spans
_GZIP = 31


class Counts:
    """What came in: requests, bytes as sent, bytes inflated, events or spans."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.requests = self.wire_bytes = self.raw_bytes = self.events = 0

    def take(self, path: str, encoding: str, body: bytes) -> int:
        """Count one request; returns how many events were in it."""
        self.requests += 1
        self.wire_bytes += len(body)
        if encoding == "gzip":
            body = zlib.decompress(body, _GZIP)
        self.raw_bytes += len(body)
        count = count_spans(body) if path.endswith("/traces") else body.count(b'"event_id"')
        self.events += count
        return count


def count_spans(body: bytes) -> int:
    """How many spans an OTLP export request holds."""
    return _count(body, _SPANS_PATH)


def _count(message: bytes, path: tuple[int, ...]) -> int:
    if not path:
        return 1
    found = position = 0
    while position < len(message):
        key, position = _varint(message, position)
        wire_type, number = key & 7, key >> 3
        if wire_type == 0:
            _, position = _varint(message, position)
        elif wire_type == 2:
            size, position = _varint(message, position)
            if number == path[0]:
                found += _count(message[position : position + size], path[1:])
            position += size
        else:
            position += 8 if wire_type == 1 else 4
    return found


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counts: Counts) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ", 2)
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
            }
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            writer.write(_answer(method, path, headers.get("content-encoding", ""), body, counts))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _answer(method: str, path: str, encoding: str, body: bytes, counts: Counts) -> bytes:
    kind, content = "application/json", b"{}"
    if method == "GET":
        content = json.dumps(vars(counts)).encode()
    elif method == "DELETE":
        counts.clear()
    elif path.endswith("/traces"):
        counts.take(path, encoding, body)
        kind, content = "application/x-protobuf", b""
    else:
        taken = counts.take(path, encoding, body)
        content = json.dumps({"accepted": taken, "rejected": 0, "errors": [], "warnings": []}).encode()
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
        "X-HiveBoard-Accept-Encoding: gzip\r\n\r\n"
    )
    return head.encode() + content


async def _main() -> None:
    counts = Counts()
    server = await asyncio.start_server(
        lambda reader, writer: _serve(reader, writer, counts), "127.0.0.1", 0, limit=2**20
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
