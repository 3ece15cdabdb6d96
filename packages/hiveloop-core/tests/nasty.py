"""Values no serialiser likes, by name: each made afresh, since some can be used once."""

from __future__ import annotations

import array
import asyncio
import collections
import contextlib
import datetime
import decimal
import fractions
import functools
import io
import pathlib
import re
import socket
import sys
import threading
import types
import unittest.mock
import uuid
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .hostile import (
    BadDecimal,
    BadEnum,
    BadField,
    BadFloat,
    BadInt,
    BadItems,
    BadText,
    BadZone,
    Boom,
    BrokenMapping,
    Colour,
    EndlessList,
    EndlessMapping,
    Hostile,
    Level,
    LyingClass,
    Meta,
    Named,
    Point,
    Slotted,
)


class Pair(NamedTuple):
    a: int
    b: Any


def circular_dict() -> Any:
    value: dict[str, Any] = {"fine": 1}
    value["self"] = value
    return value


def circular_list() -> Any:
    value: list[Any] = [1]
    value.append([value])
    return value


def shared(levels: int) -> Any:
    value: Any = ["leaf"]
    for _ in range(levels):
        value = [value, value]
    return value


def deep(levels: int, make: Callable[[Any], Any]) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = make(value)
    return value


def released_view() -> Any:
    view = memoryview(b"abc")
    view.release()
    return view


async def coroutine() -> None:
    """Never awaited, but closed."""


def closed_coroutine() -> Any:
    made = coroutine()
    made.close()
    return made


def deleted_field() -> Any:
    point = Point(1)
    del point.x
    return point


def closed_socket() -> Any:
    with socket.socket() as made:
        return made


def exhausting_generator() -> Iterator[int]:
    yield 1
    raise Boom("generator")


#: Name → how to make the value. None of them may raise, and each event must arrive.
NASTY: dict[str, Callable[[], Any]] = {
    "nan": lambda: float("nan"),
    "infinities": lambda: [float("inf"), float("-inf")],
    "huge int": lambda: 10**5_000,
    "int of 65 bits": lambda: [2**64, -(2**63) - 1, 2**63 - 1, -(2**63)],
    "int of 2,000 bits": lambda: 2**2_000,
    "lone surrogate": lambda: "a\ud800b",
    "only surrogates": lambda: "\udfff" * 100_000,
    "surrogate key": lambda: {"\ud800": 1},
    "nul and controls": lambda: "\x00\x01\x1f\x7f\u2028\u2029\ufeff",
    "emoji": lambda: "👩‍👩‍👧‍👦" * 10_000,
    "10 MB text": lambda: "x" * 10_000_000,
    "10 MB bytes": lambda: b"\xff" * 10_000_000,
    "10 MB bytearray": lambda: bytearray(10_000_000),
    "10 MB key": lambda: {"k" * 10_000_000: 1},
    "circular dict": circular_dict,
    "circular list": circular_list,
    "shared 2^60": lambda: shared(60),
    "shared 2^30": lambda: shared(30),
    "1,000 lists deep": lambda: deep(1_000, lambda inner: [inner]),
    "100,000 lists deep": lambda: deep(100_000, lambda inner: [inner]),
    "500 dicts deep": lambda: deep(500, lambda inner: {"d": inner}),
    "50 tuples deep": lambda: deep(50, lambda inner: (inner,)),
    "a million items": lambda: list(range(1_000_000)),
    "200,000 keys": lambda: {str(number): number for number in range(200_000)},
    "4,000 long texts": lambda: ["y" * 32_768] * 4_000,
    "600 x 600": lambda: [[0] * 600 for _ in range(600)],
    "hostile object": Hostile,
    "hostile object nested": lambda: {"a": [Hostile(), {"b": Hostile()}]},
    "object without a class": LyingClass,
    "instance of a hostile metaclass": lambda: Meta("Odd", (), {})(),
    "class with a hostile metaclass": lambda: Meta("Odd", (), {}),
    "endless mapping": EndlessMapping,
    "broken mapping": BrokenMapping,
    "dict with broken methods": lambda: BadItems(a=1),
    "endless list": lambda: EndlessList([1, 2]),
    "str subclass": lambda: BadText("text"),
    "int subclass": lambda: BadInt(5),
    "float subclass": lambda: BadFloat(1.5),
    "bool and None keys": lambda: {True: 1, None: 2, "true": 3},
    "number keys": lambda: {1: "a", "1": "b", 1.5: "c", float("nan"): "d", 2**70: "e"},
    "tuple keys": lambda: {(1, 2): "a", (3, 4): "b", frozenset({1}): "c"},
    "object keys": lambda: {object(): 1, Point: 2, Colour.RED: 3, b"bytes": 4, uuid.UUID(int=1): 5},
    "datetime": lambda: datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    "date, time, timedelta": lambda: [
        datetime.date(2026, 1, 1),
        datetime.time(1),
        datetime.timedelta(seconds=1.5),
    ],
    "datetime in a broken zone": lambda: datetime.datetime(2026, 1, 1, tzinfo=BadZone()),
    "decimals": lambda: [decimal.Decimal("1.1"), decimal.Decimal("NaN"), decimal.Decimal("1E+999999")],
    "broken decimal": lambda: BadDecimal("1"),
    "fractions": lambda: [fractions.Fraction(1, 3), fractions.Fraction(10**400)],
    "complex": lambda: 1j,
    "uuid": lambda: uuid.UUID(int=7),
    "path": lambda: pathlib.PurePosixPath("/a/b"),
    "path with a surrogate": lambda: pathlib.PurePosixPath("/a/\udc80"),
    "bytes": lambda: b"\x00\xff text",
    "memoryview": lambda: memoryview(b"abc"),
    "released memoryview": released_view,
    "strided memoryview": lambda: memoryview(bytes(16)).cast("B", (4, 4)),
    "array": lambda: array.array("d", [1.0]),
    "sets": lambda: [{1, 2}, frozenset({"a"}), set()],
    "deque": lambda: collections.deque([1, 2], maxlen=5),
    "counter, ordered, default, chain": lambda: [
        collections.Counter("aab"),
        collections.OrderedDict(a=1),
        collections.defaultdict(list, a=[1]),
        collections.ChainMap({"a": 1}, {"b": 2}),
        types.MappingProxyType({"a": 1}),
    ],
    "named tuple": lambda: Pair(1, Hostile()),
    "views and range": lambda: [{}.keys(), {"a": 1}.values(), {"a": 1}.items(), range(3), range(10**30)],
    "enums": lambda: [Colour.RED, Colour.NESTED, Level.HIGH],
    "broken enum": lambda: BadEnum.ONE,
    "dataclass": lambda: Point(1, Point(2)),
    "dataclass with a broken field": lambda: BadField(1),
    "dataclass with a deleted field": deleted_field,
    "struct": lambda: Named(inner=Named(inner=float("nan"))),
    "slots": Slotted,
    "lock": threading.Lock,
    "thread": threading.current_thread,
    "generator": exhausting_generator,
    "coroutine": closed_coroutine,
    "asyncio event": asyncio.Event,
    "function, lambda, method, partial": lambda: [len, lambda: 1, "".join, functools.partial(int, "1")],
    "module": lambda: sys,
    "type": lambda: int,
    "exception": lambda: Boom("inside"),
    "exception with a traceback": lambda: _raised(),
    "regular expression": lambda: re.compile("a"),
    "file": io.StringIO,
    "socket": closed_socket,
    "context manager": lambda: contextlib.nullcontext(),
    "weak reference": lambda: weakref.ref(Boom),
    "ellipsis and NotImplemented": lambda: [..., NotImplemented],
    "mock": unittest.mock.MagicMock,
    "mock of a dict": lambda: unittest.mock.MagicMock(spec=dict),
    "mock of an int": lambda: unittest.mock.NonCallableMock(spec=5),
    "simple namespace": lambda: types.SimpleNamespace(a=1),
    "frame": lambda: sys._getframe(),
}


def _raised() -> Boom:
    try:
        raise Boom("raised")
    except Boom as error:
        return error
