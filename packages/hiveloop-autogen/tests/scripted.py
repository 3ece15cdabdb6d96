"""A model client that says what it is told to, with usage, tool calls, streams and errors; and readers of what was sent."""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

from autogen_core import FunctionCall
from autogen_core.models import (
    AssistantMessage,
    ChatCompletionClient,
    CreateResult,
    ModelFamily,
    ModelInfo,
    RequestUsage,
)

USAGE = (120, 30)
INFO = ModelInfo(
    vision=False, function_calling=True, json_output=True, family=ModelFamily.UNKNOWN, structured_output=False
)


def says(
    text: str = "", *calls: tuple[str, Any], usage: tuple[int, int] = USAGE, thought: str | None = None
) -> CreateResult:
    """An answer; each call is ``(tool name, arguments)``, the arguments a mapping or the raw text."""
    content: Any = text
    if calls:
        content = [
            FunctionCall(
                id=f"call-{index}-{name}",
                name=name,
                arguments=given if isinstance(given, str) else json.dumps(given),
            )
            for index, (name, given) in enumerate(calls)
        ]
    return CreateResult(
        finish_reason="function_calls" if calls else "stop",
        content=content,
        usage=RequestUsage(*usage),
        cached=False,
        thought=thought,
    )


class Scripted(ChatCompletionClient):
    """Answers by turn: the n-th answer to a conversation that holds n answers already, or ``in_order``.

    An exception in the script is raised, a callable is asked with the messages. ``before`` is called before every answer.
    """

    component_config_schema = None  # type: ignore[assignment]

    def __init__(
        self,
        *script: Any,
        model: str | None = "scripted",
        before: Callable[[], Any] | None = None,
        in_order: bool = False,
    ) -> None:
        self.script = list(script)
        self._create_args = {"model": model} if model else {}
        self.before = before
        self.in_order = in_order
        self.asked = 0

    async def _answer(self, messages: Sequence[Any]) -> CreateResult:
        if self.before is not None:
            waited = self.before()
            if inspect.isawaitable(waited):
                await waited
        turn = (
            self.asked
            if self.in_order
            else sum(isinstance(message, AssistantMessage) for message in messages)
        )
        self.asked += 1
        answer = self.script[min(turn, len(self.script) - 1)]
        if callable(answer):
            answer = answer(messages)
        if isinstance(answer, BaseException):
            raise answer
        return says(answer) if isinstance(answer, str) else answer.model_copy()

    async def create(self, messages: Sequence[Any], **kwargs: Any) -> CreateResult:
        return await self._answer(messages)

    async def create_stream(self, messages: Sequence[Any], **kwargs: Any) -> AsyncGenerator[Any, None]:
        answer = await self._answer(messages)
        if isinstance(answer.content, str):
            for word in answer.content.split(" "):
                yield word
        yield answer

    async def close(self) -> None:
        pass

    def actual_usage(self) -> RequestUsage:
        return RequestUsage(0, 0)

    def total_usage(self) -> RequestUsage:
        return RequestUsage(0, 0)

    def count_tokens(self, messages: Sequence[Any], **kwargs: Any) -> int:
        return 0

    def remaining_tokens(self, messages: Sequence[Any], **kwargs: Any) -> int:
        return 1000

    @property
    def capabilities(self) -> Any:
        return INFO

    @property
    def model_info(self) -> ModelInfo:
        return INFO


def calls(seen: Any) -> list[dict[str, Any]]:
    """Data of the model calls sent."""
    return [event["payload"]["data"] for event in seen.kinds("llm_call")]


def names(seen: Any, event_type: str) -> list[str]:
    """Names of the actions in events of this type."""
    return [event["payload"]["action_name"] for event in seen.of_type(event_type)]


def types(seen: Any) -> list[str]:
    """Event types in order, kinds for custom ones, registration left out."""
    told = [
        event["payload"]["kind"] if event["event_type"] == "custom" else event["event_type"]
        for event in seen.events
    ]
    return [name for name in told if name != "agent_registered"]


def story(seen: Any) -> list[str]:
    """Each event as ``agent: what (name)``, for reading a whole run at once."""
    lines = []
    for event in seen.events:
        payload: Mapping[str, Any] = event.get("payload") or {}
        kind = payload.get("kind") if event["event_type"] == "custom" else event["event_type"]
        if kind == "agent_registered":
            continue
        data = payload.get("data")
        name = payload.get("action_name") or (data.get("name") if isinstance(data, dict) else None)
        lines.append(f"{event['agent_id']}: {kind}" + (f" ({name})" if name else ""))
    return lines
