"""What that product's defaults mean here: an empty text and a cost of 0.0 are unknown."""

from __future__ import annotations

from typing import Any

__all__ = ["cost_or_none", "given", "provider_of"]

_PROVIDERS = (
    ("openai", ("gpt", "chatgpt", "o1", "o3", "o4", "text-embedding", "davinci", "codex")),
    ("anthropic", ("claude",)),
    ("google", ("gemini", "gemma", "palm")),
    ("mistral", ("mistral", "mixtral", "codestral", "ministral", "magistral")),
    ("meta", ("llama", "meta-llama")),
    ("cohere", ("command", "embed-english", "embed-multilingual")),
    ("deepseek", ("deepseek",)),
    ("xai", ("grok",)),
    ("amazon", ("amazon.", "nova-", "titan")),
    ("alibaba", ("qwen",)),
)


def given(value: Any) -> Any:
    """The value, or ``None`` for an empty text."""
    return None if type(value) is str and not value else value


def cost_or_none(value: Any) -> Any:
    """The dollars, or ``None`` for 0.0: the collector estimates then."""
    is_zero = isinstance(value, int | float) and not isinstance(value, bool) and value == 0
    return None if is_zero else given(value)


def provider_of(provider: Any, model: Any) -> str | None:
    """Who serves the model: as given, else the part before a slash, else by how the name begins."""
    if isinstance(provider, str) and provider:
        return provider
    if not isinstance(model, str):
        return None
    name = model.lower()
    for known, beginnings in _PROVIDERS:
        if name.startswith(beginnings):
            return known
    head, slash, _ = name.partition("/")
    return head if slash and head else None
