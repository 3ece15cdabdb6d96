"""The pytest plugin: the fixtures ``hive`` and ``hive_prices``, the options, JUnit properties and the summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ._capture import Captured

__all__ = ["hive", "hive_prices", "pytest_addoption", "pytest_terminal_summary"]

#: Names of the properties in JUnit files.
_CALLS, _TOKENS, _COST = "hiveloop_llm_calls", "hiveloop_tokens", "hiveloop_cost_usd"
_UNKNOWN = "unknown"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the command line."""
    group = parser.getgroup("hiveloop", "HiveLoop: what agents cost and do")
    group.addoption(
        "--hiveloop-update-baselines",
        action="store_true",
        help="write the baselines of assert_no_regression instead of comparing with them",
    )
    group.addoption(
        "--hiveloop-record",
        action="store_true",
        help="let hive.replay ask the real provider for what its cassette lacks, and keep the answers",
    )
    group.addoption(
        "--hiveloop-summary",
        action="store_true",
        help="list model calls, tokens and cost of each test that used the fixture hive",
    )


@pytest.fixture
def hive_prices() -> Mapping[str, Mapping[str, float]] | None:
    """Prices for models whose cost nobody reports, as in ``init(prices=…)``. Override it in your conftest.py."""
    return None


@pytest.fixture
def hive(
    request: pytest.FixtureRequest,
    hive_prices: Mapping[str, Mapping[str, float]] | None,
) -> Iterator[Captured]:
    """Everything HiveLoop reports during the test, deterministic; at the end it raises what the SDK had swallowed."""
    from hiveloop import _safety, _scope
    from hiveloop._runtime import runtime

    from ._capture import TickingClock, capture_events
    from ._files import Files

    known = dict(runtime.agents)
    runtime.agents.clear()
    _scope.clear()
    with capture_events(clock=TickingClock(), prices=hive_prices) as seen:
        seen.files = Files(
            request.path.parent,
            (request.path.stem, _name_of(request)),
            request.config.getoption("--hiveloop-update-baselines"),
            request.config.getoption("--hiveloop-record"),
        )

        def listen(error: BaseException, where: str) -> None:
            seen.swallowed.append(error)

        _safety.listeners.append(listen)
        try:
            yield seen
        finally:
            _safety.listeners.remove(listen)
            runtime.agents.clear()
            runtime.agents.update(known)
    _record(seen, request.node.user_properties)
    if seen.swallowed:
        raise seen.swallowed[0]


def _name_of(request: pytest.FixtureRequest) -> str:
    """The test within its file: classes, function, parameters."""
    _, _, name = request.node.nodeid.partition("::")
    return str(name or request.node.name).replace("::", ".")


def _record(seen: Captured, properties: list[tuple[str, object]]) -> None:
    # Not by pytest's record_property: with the default family of JUnit files that warns, and fails where warnings do.
    story = seen.story
    if not story.calls and not story.runs:
        return
    properties.append((_CALLS, len(story.calls)))
    properties.append((_TOKENS, _UNKNOWN if story.tokens is None else story.tokens))
    properties.append((_COST, _UNKNOWN if story.cost is None else story.cost))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """One line a test, and the total of what is known."""
    if not config.getoption("--hiveloop-summary"):
        return
    found: dict[str, dict[str, Any]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            properties = dict(getattr(report, "user_properties", ()))
            if _CALLS in properties:
                found[report.nodeid] = properties
    terminalreporter.section("HiveLoop")
    if not found:
        terminalreporter.write_line("No test that used the fixture hive reported anything.")
        return
    from ._table import summary_lines

    rows = [
        (nodeid, told[_CALLS], _known(told[_TOKENS]), _known(told[_COST]))
        for nodeid, told in sorted(found.items())
    ]
    for line in summary_lines(rows):
        terminalreporter.write_line(line)


def _known(value: Any) -> Any:
    return None if value == _UNKNOWN else value
