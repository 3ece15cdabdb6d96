"""Keep CrewAI from calling home and asking questions, before anything imports it; leave nothing installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cassettes.crews import its_own_warnings, offline

offline()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Warnings are errors, but for what CrewAI says of its own code."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(r"ignore::DeprecationWarning:crewai\..*"))


@pytest.fixture(scope="session", autouse=True)
def _crewai() -> None:
    """Import it once a process: it takes seconds."""
    with its_own_warnings():
        import crewai
        import crewai.flow.human_feedback  # noqa: F401


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    """No test hears of the crews of another."""
    yield
    import hiveloop_crewai

    hiveloop_crewai.uninstrument()
