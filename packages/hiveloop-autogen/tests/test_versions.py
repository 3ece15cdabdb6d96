"""The lowest and a middle version of AgentChat in environments of their own tell what the newest tells."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from benchmarks.environments import Environment

from .environments import AGENTCHAT_LOWEST, AGENTCHAT_MIDDLE, drive, run_driver


@pytest.fixture(scope="module")
def newest() -> Any:
    """What the version of the development environment tells."""
    return drive(sys.executable, "smoke")


def test_the_newest_tells_everything(newest: Any) -> None:
    assert newest["swallowed"] == []
    told = {what: [event["what"] for event in newest[what]] for what in newest if what != "swallowed"}
    assert told["handoffs"].count("llm_call") == 3
    assert told["person"].count("approval_received") == told["person"].count("escalated") == 1
    assert told["planning"].count("plan_created") == 2
    assert [event["exception"] for event in newest["stopped"] if event["what"] == "task_failed"] == [
        "Enough",
        "Enough",
    ]


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("environment", [AGENTCHAT_LOWEST, AGENTCHAT_MIDDLE], ids=lambda found: found.name)
def test_an_older_version_tells_the_same(newest: Any, environment: Environment) -> None:
    assert run_driver(environment, "smoke") == newest
