"""Reading a request body: size, inflated size, ratio and depth of encodings are capped while it streams in."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import zlib
from collections.abc import AsyncIterator
from typing import Any, Protocol

from hiveloop.events import LIMITS

from hiveboard.errors import ApiError, BadRequestError, PayloadTooLargeError, UnsupportedEncodingError
from hiveboard.settings import Limits

__all__ = ["ACCEPTED_ENCODINGS", "read_body", "too_large", "too_many"]

MAX_BYTES = LIMITS["batch_bytes"]
_HAS_ZSTD = importlib.util.find_spec("zstandard") is not None

#: What ``X-HiveBoard-Accept-Encoding`` advertises.
ACCEPTED_ENCODINGS = "gzip, zstd" if _HAS_ZSTD else "gzip"

# A small body may legitimately compress very well; the ratio counts only beyond this many bytes.
_RATIO_FREE_BYTES = 64 * 1024


# Each member costs time however little is in it; a million empty ones would hold everybody up.
_MAX_MEMBERS = 100


class _Inflater(Protocol):
    def feed(self, data: bytes, room: int) -> bytes: ...
    def finished(self) -> bool: ...


class _Gzip:
    """gzip with one or a few members; never returns more than ``room`` bytes."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._started = False
        self._members = 1

    def feed(self, data: bytes, room: int) -> bytes:
        out = bytearray()
        while data and len(out) < room:
            if self._member.eof:
                self._members += 1
                if self._members > _MAX_MEMBERS:
                    raise zlib.error("too many members")
                self._member = zlib.decompressobj(wbits=31)
            self._started = True
            out += self._member.decompress(data, room - len(out))
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        return bytes(out)

    def finished(self) -> bool:
        return self._started and self._member.eof


class _Zstd:
    """One zstd frame; the window is capped so that a header cannot ask for gigabytes."""

    def __init__(self) -> None:
        module: Any = importlib.import_module("zstandard")
        self._error = module.ZstdError
        self._frame = module.ZstdDecompressor(max_window_size=8 * 1024 * 1024).decompressobj()

    def feed(self, data: bytes, room: int) -> bytes:
        out = bytearray()
        # Small slices: the module has no output limit per call, so the input is what bounds it.
        for start in range(0, len(data), 256):
            if len(out) >= room:
                break
            if self._frame.eof:
                raise zlib.error("data after the end of the zstd frame")
            try:
                out += self._frame.decompress(data[start : start + 256])
            except self._error as error:
                raise zlib.error(str(error)) from error
        return bytes(out[:room])

    def finished(self) -> bool:
        return bool(self._frame.eof)


def _inflaters(header: str, limits: Limits) -> list[_Inflater]:
    """One inflater per encoding, in the order they must be undone."""
    names = [name.strip().lower() for name in header.split(",") if name.strip()]
    names = [name for name in names if name != "identity"]
    if len(names) > limits.encodings:
        raise BadRequestError(
            f"Content-Encoding is stacked {len(names)} deep; at most {limits.encodings} are read",
            details={"field": "Content-Encoding"},
        )
    inflaters: list[_Inflater] = []
    for name in reversed(names):
        if name in ("gzip", "x-gzip"):
            inflaters.append(_Gzip())
        elif name == "zstd" and _HAS_ZSTD:
            inflaters.append(_Zstd())
        else:
            raise UnsupportedEncodingError(
                f"Content-Encoding {name[:32]!r} is not read here; use {ACCEPTED_ENCODINGS} or none",
                details={"accepted": ACCEPTED_ENCODINGS.split(", ")},
            )
    return inflaters


async def read_body(
    stream: AsyncIterator[bytes], *, encoding: str, declared_length: str, limits: Limits
) -> bytes:
    """The whole body, inflated. Raises the fitting 4xx as soon as a cap is passed, without reading on."""
    inflaters = _inflaters(encoding, limits)
    if declared_length.isdecimal() and len(declared_length) < 20 and int(declared_length) > MAX_BYTES:
        raise too_large()
    try:
        async with asyncio.timeout(limits.body_timeout_seconds):
            return await _collect(stream, inflaters, limits)
    except TimeoutError:
        raise ApiError(
            f"the body did not arrive within {limits.body_timeout_seconds:g} s",
            code="request_timeout",
            status=408,
        ) from None


async def _collect(stream: AsyncIterator[bytes], inflaters: list[_Inflater], limits: Limits) -> bytes:
    body = bytearray()
    received = 0
    async for chunk in stream:
        received += len(chunk)
        if received > MAX_BYTES:
            raise too_large()
        body += _inflate(chunk, inflaters)
        if len(body) > MAX_BYTES:
            raise too_large()
        if inflaters and len(body) > max(_RATIO_FREE_BYTES, received * limits.inflate_ratio):
            raise PayloadTooLargeError(
                f"the body inflates more than {limits.inflate_ratio} times", details=_caps()
            )
    if received and not all(inflater.finished() for inflater in inflaters):
        raise BadRequestError("the compressed body ends too early", code="invalid_body")
    return bytes(body)


def _inflate(data: bytes, inflaters: list[_Inflater]) -> bytes:
    try:
        for inflater in inflaters:
            data = inflater.feed(data, MAX_BYTES + 1)
    except zlib.error:
        raise BadRequestError("the body is not what Content-Encoding says", code="invalid_body") from None
    return data


def _caps() -> dict[str, int]:
    return {"max_events": LIMITS["batch_events"], "max_bytes": MAX_BYTES}


def too_many(events: int) -> PayloadTooLargeError:
    """The answer to a batch with more events than the limit."""
    return PayloadTooLargeError(
        f"a batch may have {LIMITS['batch_events']} events, this one has {events:,}; split it",
        details=_caps(),
    )


def too_large() -> PayloadTooLargeError:
    """The answer to a body beyond the limit."""
    return PayloadTooLargeError(
        f"a batch may have {MAX_BYTES} bytes of JSON after decompression; split it", details=_caps()
    )
