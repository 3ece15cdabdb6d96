"""Nothing stays installed between tests, and AutoGen's own logging of errors stays out of the way."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    yield
    import hiveloop_autogen
    from hiveloop_autogen._handoffs import waiting
    from hiveloop_autogen._nodes import running_teams

    hiveloop_autogen.uninstrument()
    waiting.clear()
    assert not running_teams, "a team that ended is still taken for running"


@pytest.fixture(autouse=True)
def _quiet_framework() -> None:
    """AutoGen logs the traceback of every failed handler; here failures are the subject."""
    logging.getLogger("autogen_core").setLevel(logging.CRITICAL)
