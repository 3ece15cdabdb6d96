"""Keep LangChain's own tracing off: tests reach nothing but this process."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

os.environ["LANGSMITH_TRACING"] = "false"
os.environ["LANGCHAIN_TRACING_V2"] = "false"


@pytest.fixture(autouse=True)
def _nobody_waits() -> Iterator[None]:
    """Threads of one test are not resumed in another, and nothing stays installed."""
    yield
    import hiveloop_langchain
    from hiveloop_langchain._evicted import evicted
    from hiveloop_langchain._runs import state

    hiveloop_langchain.uninstrument()
    state.waiting.clear()
    state.late.clear()
    state.awaiting.clear()
    state.runs.clear()
    state.recent.clear()
    evicted.clear()
