"""What a request of each dialect asks: model, first user message, number of answers so far, streaming or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .script import Call, Script, Turn

#: Responses items the model wrote; a run of them is one answer.
_MODEL_ITEMS = {"function_call", "reasoning"}


@dataclass(frozen=True)
class Conversation:
    """A request, reduced to what choosing an answer needs."""

    model: str
    first_user_text: str
    answers_so_far: int
    stream: bool
    include_usage: bool = True


@dataclass(frozen=True)
class Answer:
    """The turn of the script that answers, with the ids it carries."""

    script: Script
    turn: Turn
    index: int

    @property
    def model(self) -> str:
        return self.script.answered_by or self.script.model

    def identifier(self, prefix: str, part: str = "") -> str:
        return self.script.identifier(prefix, self.index, part)

    def call_ids(self, prefix: str) -> list[tuple[str, Call]]:
        return [(self.identifier(prefix, f"call{n}"), call) for n, call in enumerate(self.turn.calls)]

    def pieces(self) -> list[str]:
        """The text in the pieces a stream delivers it in."""
        return _pieces(self.turn.text)


def _pieces(text: str, words: int = 4) -> list[str]:
    parts = text.split(" ")
    groups = [" ".join(parts[n : n + words]) for n in range(0, len(parts), words)]
    return [group if n == 0 else f" {group}" for n, group in enumerate(groups)] if text else []


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return ""


def read_messages(body: dict[str, Any]) -> Conversation:
    """Chat completions and Anthropic messages: a list of messages with roles."""
    messages = body["messages"]
    users = [m for m in messages if m["role"] == "user"]
    return Conversation(
        model=body["model"],
        first_user_text=_text(users[0]["content"]) if users else "",
        answers_so_far=sum(m["role"] == "assistant" for m in messages),
        stream=bool(body.get("stream")),
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
    )


def read_responses(body: dict[str, Any]) -> Conversation:
    """Responses: a string or a list of items, several of which can be one answer of the model."""
    items = body["input"]
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    by_model = [item.get("role") == "assistant" or item.get("type") in _MODEL_ITEMS for item in items]
    starts = sum(now and not before for before, now in zip([False, *by_model], by_model, strict=False))
    users = [item for item in items if item.get("role") == "user"]
    return Conversation(
        model=body["model"],
        first_user_text=_text(users[0]["content"]) if users else "",
        answers_so_far=starts,
        stream=bool(body.get("stream")),
    )
