"""Classes that raise, lie or never end when somebody looks at their instances."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec


class Boom(Exception):
    """What user code raises."""


class Hostile:
    """Every way to look at it raises."""

    def __getattribute__(self, name: str) -> Any:
        raise Boom(name)

    def __repr__(self) -> str:
        raise Boom("repr")

    __str__ = __hash__ = __bool__ = __len__ = __iter__ = __int__ = __float__ = __repr__  # type: ignore[assignment]


class LyingClass:
    """``isinstance`` asks this for its class, and it raises, as an unbound proxy does."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise Boom("working outside of a request")


class EndlessMapping(Mapping[str, Any]):
    """Never stops."""

    def __getitem__(self, key: str) -> Any:
        return 1

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[str]:
        number = 0
        while True:
            number += 1
            yield f"key-{number}"


class BrokenMapping(Mapping[str, Any]):
    """Raises at the third entry."""

    def __getitem__(self, key: str) -> Any:
        return 1

    def __len__(self) -> int:
        raise Boom("len")

    def __iter__(self) -> Iterator[str]:
        yield from ("a", "b")
        raise Boom("iter")


class BadItems(dict[str, Any]):
    """A dict whose methods are broken; what is in it is not."""

    def items(self) -> Any:
        raise Boom("items")

    def __iter__(self) -> Any:
        raise Boom("iter")

    def __len__(self) -> int:
        raise Boom("len")


class EndlessList(list[int]):
    def __iter__(self) -> Iterator[int]:
        while True:
            yield 1

    def __len__(self) -> int:
        return -5


class BadText(str):
    def __str__(self) -> str:
        raise Boom("str")

    def __len__(self) -> int:
        return 10**9

    def encode(self, *args: Any, **kwargs: Any) -> bytes:
        raise Boom("encode")


class BadInt(int):
    def __int__(self) -> int:
        raise Boom("int")

    __index__ = __str__ = __repr__ = __int__  # type: ignore[assignment]

    def __le__(self, other: object) -> bool:
        raise Boom("le")


class BadFloat(float):
    def __float__(self) -> float:
        raise Boom("float")

    def __add__(self, other: object) -> float:
        raise Boom("add")

    __eq__ = __add__  # type: ignore[assignment]
    __hash__ = float.__hash__


class BadZone(datetime.tzinfo):
    def utcoffset(self, moment: datetime.datetime | None) -> datetime.timedelta:
        raise Boom("zone")

    dst = tzname = utcoffset  # type: ignore[assignment]


class BadDecimal(decimal.Decimal):
    def __str__(self) -> str:
        raise Boom("str")


class Meta(type):
    """A class whose very name raises."""

    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise Boom("name")

    def __instancecheck__(cls, instance: object) -> bool:
        raise Boom("instancecheck")


class Colour(enum.Enum):
    RED = "red"
    NESTED = (1, {"a": 2})


class Level(enum.IntEnum):
    HIGH = 3


class BadEnum(enum.Enum):
    ONE = 1

    @property
    def value(self) -> Any:
        raise Boom("value")


@dataclasses.dataclass
class Point:
    x: int
    y: Any = None


@dataclasses.dataclass
class BadField:
    x: int

    def __getattribute__(self, name: str) -> Any:
        if name == "x":
            raise Boom("field")
        return super().__getattribute__(name)


class Slotted:
    __slots__ = ("a",)


class Named(msgspec.Struct):
    name: str = "struct"
    inner: Any = None
