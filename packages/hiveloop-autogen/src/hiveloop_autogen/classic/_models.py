"""Model calls of classic agents: ``OpenAIWrapper.create``, with the provider's own answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any

from hiveloop.adapters import contained, guarded

from hiveloop_autogen._models import ModelWatch
from hiveloop_autogen._nodes import Node, Place
from hiveloop_autogen._options import Options
from hiveloop_autogen._usage import Usage

from ._pending import place_of

__all__ = ["ClassicModelWatch"]

_KINDS = {"system": "SystemMessage", "tool": "FunctionExecutionResultMessage"}


class ClassicModelWatch(ModelWatch):
    """Follows one call of the wrapper, whichever of its configurations answers."""

    def __init__(self, wrapper: Any, config: Mapping[str, Any], options: Options) -> None:
        messages = [_message(found) for found in config.get("messages") or ()]
        super().__init__(wrapper, (messages,), config, options, False)
        self.agent = config.get("agent")
        self.before = _spent(wrapper)
        self.answer: Any = None

    def _where(self) -> Place | None:
        return place_of(self.agent)

    def _name(self, above: Node | None) -> str:
        if getattr(self.agent, "name", None) == "speaker_selection_agent":
            return "selector"
        return (
            super()._name(above) if above is not None else f"{getattr(self.agent, 'name', 'autogen')}.create"
        )

    def _models(self) -> tuple[str | None, str | None]:
        configs = getattr(self.client, "_config_list", None)
        first = configs[0] if isinstance(configs, list) and configs else {}
        model = self.kwargs.get("model") or (first.get("model") if isinstance(first, Mapping) else None)
        return (model, model) if isinstance(model, str) and model else (None, None)

    def _cost(self, cached: bool, usage: Usage) -> tuple[float | None, str | None]:
        reported = guarded(lambda: getattr(self.answer, "cost", None), None)
        if not cached and isinstance(reported, float) and reported > 0:
            return reported, "autogen"  # 0 is what it says of a model it has no price for
        return super()._cost(cached, usage)

    @contained
    def saw(self, item: Any) -> None:
        self.answer = item
        choices = getattr(item, "choices", None)
        choice = choices[0] if isinstance(choices, list) and choices else None
        message = getattr(choice, "message", None)
        calls = getattr(message, "tool_calls", None)
        content: Any = getattr(message, "content", None)
        if isinstance(calls, list) and calls:
            content = [getattr(call, "function", None) for call in calls]
        self.result = SimpleNamespace(
            usage=guarded(lambda: getattr(item, "usage", None), None),
            content=content,
            finish_reason=getattr(choice, "finish_reason", None),
            cached=_spent(self.client) == self.before and _counted(self.client),
        )
        model = getattr(item, "model", None)
        if self.node is not None and isinstance(model, str) and model:
            self.node.model = model

    def _metadata(self, *given: Any) -> dict[str, Any]:
        known = super()._metadata(*given)
        usage = guarded(lambda: getattr(self.answer, "usage", None), None)
        details = {
            "cache_read_input_tokens": ("prompt_tokens_details", "cached_tokens"),
            "reasoning_tokens": ("completion_tokens_details", "reasoning_tokens"),
        }
        for name, (place, key) in details.items():
            count = guarded(partial(_nested, usage, place, key), None)
            if type(count) is int:
                known[name] = count
        return known


def _nested(usage: Any, place: str, key: str) -> Any:
    return getattr(getattr(usage, place, None), key, None)


def _message(found: Any) -> Any:
    """A message dictionary in the shape the estimate of shares reads."""
    if not isinstance(found, Mapping):
        return SimpleNamespace(type="UserMessage", content=None)
    content = found.get("content")
    if isinstance(content, list):
        content = [part.get("text") or "" for part in content if isinstance(part, Mapping)]
    return SimpleNamespace(type=_KINDS.get(str(found.get("role")), "UserMessage"), content=content)


def _spent(wrapper: Any) -> Any:
    """What the wrapper has really paid for so far; an answer from its cache leaves that as it was."""
    summary = getattr(wrapper, "actual_usage_summary", None)
    return repr(summary) if isinstance(summary, dict) else None


def _counted(wrapper: Any) -> bool:
    return isinstance(getattr(wrapper, "total_usage_summary", None), dict)
