"""Every promise of the manual about what a reader sees, looked at in a browser after the calls the manual shows."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import hiveloop
import pytest
from playwright.sync_api import Browser

from .collector import Collector
from .promises import fleet, money, pipeline, plans, stream, timeline, turns, waiting
from .promises.row import Promise
from .tab import Tab

pytestmark = pytest.mark.browser

PROMISES = [
    promise for part in (timeline, plans, stream, fleet, pipeline, money) for promise in part.PROMISES
]
SCENES: tuple[Callable[[], None], ...] = (
    turns.turn_by_turn,
    turns.failing_crm,
    turns.nested_steps,
    turns.escalating_lead,
    turns.replanning,
    turns.opaque_calls,
    waiting.asking,
    waiting.answered_approvals,
    waiting.issues,
    waiting.logging_agent,
    waiting.queues,
    waiting.todos,
    waiting.schedules,
    waiting.insightful,
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """A collector that has heard every call of the manual; the agents go on living while the tests look."""
    collector = Collector(tmp_path_factory.mktemp("told")).start()
    hiveloop.init(endpoint=collector.url)
    for scene in SCENES:
        scene()
    assert hiveloop.flush()
    yield collector
    hiveloop.reset()
    collector.stop()


@pytest.fixture(scope="module")
def look(told: Collector, browser: Browser) -> Iterator[Callable[[str], Tab]]:
    """The tab of an address, opened once for all the promises that are seen there."""
    tabs: dict[str, Tab] = {}

    def at(address: str) -> Tab:
        if address not in tabs:
            tabs[address] = Tab(browser, told.url, 1440, 1000, "light")
            tabs[address].go(address)
        return tabs[address]

    yield at
    complaints = [complaint for tab in tabs.values() for complaint in tab.close()]
    assert not complaints, "\n".join(complaints)


def _id(promise: Promise) -> str:
    return promise.name


@pytest.mark.parametrize("promise", [one for one in PROMISES if one.by is None], ids=_id)
def test_the_page_shows_what_the_manual_promises(look: Callable[[str], Tab], promise: Promise) -> None:
    tab = look(promise.address)
    if promise.click is not None:
        tab.go(promise.address)
        tab.wait(promise.click).click()
    tab.wait(promise.sign, promise.text)


@pytest.mark.parametrize("promise", [one for one in PROMISES if one.by is not None], ids=_id)
def test_what_another_test_proves_names_that_test(promise: Promise) -> None:
    file, _, function = str(promise.by).partition("::")
    tree = ast.parse((Path(__file__).parent / file).read_text())
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def _labels(tab: Tab) -> list[str]:
    tab.wait(".wf-row")
    return tab.texts(".wf-label")


def test_turns_stand_in_order(look: Callable[[str], Tab]) -> None:
    assert _labels(look("#/run/task-lead-4801")) == [
        *("phase1_reasoning", "crm_search", "score_lead"),
        *("phase2_tool_use", "send_email", "summarize"),
    ]


def test_retries_stand_between_their_attempts(look: Callable[[str], Tab]) -> None:
    labels = [label.split(",")[0] for label in _labels(look("#/run/lead-77"))]
    first = labels.index("enrich_lead")
    assert labels[first : first + 5] == [
        "enrich_lead",
        "Tries again",
        "enrich_lead",
        "Tries again",
        "enrich_lead",
    ]


def test_the_payload_of_a_task_is_told(told: Collector, browser: Browser) -> None:
    tab = Tab(browser, told.url, 1440, 1000, "light")
    tab.go("#/run/task-123")
    tab.wait(".run-result", '"leads": 1')
    assert not tab.close()


def test_what_is_done_is_not_listed(look: Callable[[str], Tab]) -> None:
    tab = look("#/pipeline")
    tab.wait("tr", "Retry: Process lead TechNova")
    text = tab.find("main").inner_text()
    for done in ("Was completed", "Was dismissed", "Enrichment data stale"):
        assert done not in text
