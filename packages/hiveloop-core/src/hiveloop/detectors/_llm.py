"""The figures of a model call's event, typed or loose."""

from __future__ import annotations

import math
from typing import Any

from hiveloop.events import Event
from hiveloop.payloads import LlmCall, LlmCallData

__all__ = ["call_facts"]

_NUMBER = (int, float)
_KINDS: dict[str, Any] = {
    "model": str,
    "tokens_in": int,
    "tokens_out": int,
    "cost": _NUMBER,
    "prompt_preview": str,
    "metadata": dict,
}


def call_facts(event: Event) -> LlmCallData:
    """The figures of a custom event of kind ``llm_call``; what has the wrong type is absent."""
    payload: Any = event.payload
    data = payload.data if type(payload) is LlmCall else _data(payload)
    if type(data) is LlmCallData:
        return data
    loose: dict[str, Any] = data if type(data) is dict else {}
    return LlmCallData(
        name="",
        **{name: value for name, kind in _KINDS.items() if (value := _kept(loose, name, kind)) is not None},
    )


def _data(payload: Any) -> Any:
    return payload.get("data") if type(payload) is dict else payload.data


def _kept(data: dict[str, Any], name: str, kind: Any) -> Any:
    value: Any = data.get(name)
    if not issubclass(type(value), kind) or type(value) is bool:  # by type: an object may lie about its class
        return None
    # What no call can cost or use would spoil every sum it is added to.
    is_figure = issubclass(type(value), _NUMBER)
    return value if not is_figure or 0 <= value < math.inf else None
