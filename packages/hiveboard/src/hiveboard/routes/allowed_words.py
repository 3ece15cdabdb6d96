"""Which words a field of a request's JSON may be, for the message that refuses another."""

from __future__ import annotations

import re
from typing import Any

from msgspec import inspect

__all__ = ["allowed_words"]

_STEP = re.compile(r"\w+|\[[^\]]*\]")


def allowed_words(kind: Any, field: str) -> list[str]:
    """The words that ``field`` (``policies[...].action``) of a struct type may be, in alphabetical order; empty where it is none of a few."""
    found = [inspect.type_info(kind)]
    for step in _STEP.findall(field):
        found = [inner for one in _alternatives(found) for inner in _inside(one, step)]
    literals = [one.values for one in _alternatives(found) if isinstance(one, inspect.LiteralType)]
    return list(dict.fromkeys(str(value) for values in literals for value in values))


def _alternatives(types: list[inspect.Type]) -> list[inspect.Type]:
    found: list[inspect.Type] = []
    for one in types:
        while isinstance(one, inspect.Metadata):
            one = one.type
        found += _alternatives(list(one.types)) if isinstance(one, inspect.UnionType) else [one]
    return found


def _inside(one: inspect.Type, step: str) -> list[inspect.Type]:
    if step.startswith("["):
        if isinstance(one, inspect.CollectionType):
            return [one.item_type]
        return [one.value_type] if isinstance(one, inspect.DictType) else []
    if isinstance(one, inspect.StructType):
        return [inner.type for inner in one.fields if inner.encode_name == step]
    return []
