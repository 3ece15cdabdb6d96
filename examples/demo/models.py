"""The real clients of the two providers. In the demo their HTTP is answered from cassettes, so the key is a word."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

__all__ = ["CREWAI_OFFLINE", "WORD_FOR_A_KEY", "claude", "gpt", "provider_environment"]

#: Variables the clients, and the tracing service of LangChain, read by themselves.
_PROVIDER_PREFIXES = ("OPENAI_", "ANTHROPIC_", "LANGSMITH_", "LANGCHAIN_")
#: CrewAI sends traces and asks for new versions by itself; the demo does not leave this machine.
CREWAI_OFFLINE = {
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "CREWAI_TESTING": "true",
    "CREWAI_DISABLE_VERSION_CHECK": "true",
}
#: Every client wants a key.
WORD_FOR_A_KEY = "answered-from-a-cassette"
_KEY = SecretStr(WORD_FOR_A_KEY)


def gpt(model: str, **settings: Any) -> ChatOpenAI:
    # Said aloud, because the client turns usage in streams off when its base URL is not the default one.
    return ChatOpenAI(model=model, api_key=_KEY, stream_usage=True, **settings)


def claude(model: str, **settings: Any) -> ChatAnthropic:
    settings = {"max_tokens": 1024, **settings}
    return ChatAnthropic(model_name=model, api_key=_KEY, **settings)


@contextmanager
def provider_environment(**variables: str) -> Iterator[None]:
    """Inside the block the clients see these settings and none of the user's own."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(_PROVIDER_PREFIXES):
            del os.environ[name]
    os.environ.update({"LANGSMITH_TRACING": "false", **variables})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
