"""The pytest fixture ``hive``: captured events, a ticking clock, and no error swallowed in silence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ._capture import Captured

__all__ = ["hive"]


@pytest.fixture
def hive() -> Iterator[Captured]:
    """Everything HiveLoop reports during the test, deterministic; at the end it raises what the SDK had swallowed."""
    from hiveloop import _safety, _scope
    from hiveloop._runtime import runtime

    from ._capture import TickingClock, capture_events

    known = dict(runtime.agents)
    runtime.agents.clear()
    _scope.clear()
    with capture_events(clock=TickingClock()) as seen:

        def listen(error: BaseException, where: str) -> None:
            seen.swallowed.append(error)

        _safety.listeners.append(listen)
        try:
            yield seen
        finally:
            _safety.listeners.remove(listen)
            runtime.agents.clear()
            runtime.agents.update(known)
    if seen.swallowed:
        raise seen.swallowed[0]
