"""Calling what stood in the place of a replaced method, the way the instance itself would have called it."""

from __future__ import annotations

from typing import Any

__all__ = ["bind"]


def bind(original: Any, instance: Any) -> Any:
    """What ``instance.name`` would have given, were ``original`` still in the class under that name.

    Wrapper objects of other tools find out by their own ``__get__`` what they are called on, and do not take ``self``
    as an argument; a callable without one (a mock, a partial) is never bound at all.
    """
    get = getattr(type(original), "__get__", None)
    return original if get is None else get(original, instance, type(instance))
