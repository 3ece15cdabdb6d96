"""Every text of every kind of event, hostile, seen in every view, wide and at 320 pixels: it stays text."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
import urllib3

from .collector import Collector
from .conftest import OpenTab
from .every_view import GENERAL
from .hostile_wire import hostile_batches, long_of
from .settings_page import admin
from .story import utc_now
from .tab import Tab
from .test_hostile import STRINGS, innocent

pytestmark = pytest.mark.browser

_SOURCE = Path(__file__).parents[2] / "packages/hiveboard/web"
#: Elements the source of the page names; whatever else is in a document came from data.
OWN_TAGS = {
    tag
    for path in [_SOURCE / "index.html", *(_SOURCE / "src").rglob("*.tsx")]
    for tag in re.findall(r"<([a-z][a-z0-9]*)", path.read_text())
} | {"canvas"}  # the chart of costs is drawn on one

TEXTS = {
    **STRINGS,
    "entities": "&lt;b&gt;&amp;&#60;i&#62;<b>bold</b><style>*{display:none}</style>",
    "quotes": "'\"`\\'\\\"</title></textarea><svg/onload=window.owned=1>",
    "bidi": "a\u2066b\u2067c\u202ed\u2069\u200f\u200e\ufeff\u200b",
    "long tags": long_of('<img src=x onerror="window.owned=1">'),
    "long word": "\u05d0" * 3_000,
    "blank": " \t ",
}

_FOREIGN_TAGS = """(own) => [...new Set([...document.querySelectorAll('*')].map((element) => element.localName))]
  .filter((tag) => !own.includes(tag))"""
#: Walks the whole tree of a run with the arrow key and looks at the page after every step.
_WALK = """async () => {
  const tree = document.querySelector('.wf-body');
  const wrong = [];
  let last = null;
  for (let step = 0; step < 120; step += 1) {
    tree.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowDown', bubbles: true, cancelable: true}));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const now = tree.getAttribute('aria-activedescendant');
    if (now === last) return {steps: step, wrong};
    last = now;
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) wrong.push(now + ' is too wide: ' + root.scrollWidth);
    if (!document.querySelector('.detail')) wrong.push(now + ' has no detail');
  }
  return {steps: 120, wrong};
}"""


def harmless(tab: Tab, where: str) -> None:
    """Nothing ran, no element came from data, nothing is pushed apart."""
    innocent(tab, where)
    assert tab.page.evaluate(_FOREIGN_TAGS, sorted(OWN_TAGS)) == [], where


def post(url: str, batch: dict[str, object]) -> None:
    answer = urllib3.request(
        "POST", f"{url}/v1/ingest", json=batch, headers={"Authorization": "Bearer hb_live_x"}
    )
    assert answer.status in (200, 207), answer.data
    assert answer.json()["rejected"] == 0, answer.data[:1000]


def set_up(hive: Collector, text: str) -> None:
    """What people write: a channel, a rule, a policy; and alerts that are told of, to nobody who listens."""
    channel = {"name": text, "channel": {"type": "webhook", "url": "http://127.0.0.1:9/"}}
    made = admin(hive, "POST", "alerts/channels", channel)
    condition = {"type": "task_failed"}
    admin(
        hive, "POST", "alerts/rules", {"name": text, "condition": condition, "channels": [made["channel_id"]]}
    )


@pytest.fixture(scope="module")
def besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    collector = Collector(tmp_path_factory.mktemp("besieged")).start()
    try:
        for name, text in TEXTS.items():
            if text.strip() and len(text) < 300:
                set_up(collector, f"{text[:100]}{name}")
        for text in TEXTS.values():
            for batch in hostile_batches(text, utc_now()):
                post(collector.url, batch)
        yield collector
    finally:
        collector.stop()


def rows(hive: Collector, path: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(urllib3.request("GET", f"{hive.url}/v1/{path}").data)["data"]
    return found


def of_each(hive: Collector) -> dict[str, tuple[str, str]]:
    """The page of every agent, session and run there is, and a comparison of neighbouring runs."""
    pages = {}
    for agent in rows(hive, "agents?limit=200"):
        pages[f"agent {agent['agent_id'][:40]!r}"] = (
            f"#/agent/{quote(agent['agent_id'], safe='')}",
            ".beats, .page-agent",
        )
    for session in rows(hive, "sessions?limit=200"):
        address = f"#/session/{quote(session['session_id'], safe='')}"
        pages[f"session {session['session_id'][:40]!r}"] = (address, ".session-run")
    tasks = rows(hive, "tasks?limit=200")
    for one, other in itertools.pairwise(tasks[::4]):
        sides = {
            "a": one["task_id"],
            "a_run": one["task_run_id"],
            "b": other["task_id"],
            "b_run": other["task_run_id"],
        }
        pages[f"compare {one['task_id'][:40]!r}"] = (
            f"#/compare?{urlencode(sides, quote_via=quote)}",
            ".diff",
        )
    return pages


@pytest.mark.parametrize("width", [1440, 320])
def test_every_view_shows_hostile_texts_as_texts(besieged: Collector, open_tab: OpenTab, width: int) -> None:
    tab = open_tab(besieged.url, width=width, height=720)
    for name, view in GENERAL.items():
        view.open(tab)
        harmless(tab, name)
    for name, (address, sign) in of_each(besieged).items():
        tab.go(address)
        tab.wait(sign)
        harmless(tab, name)


def test_every_node_of_a_hostile_run_shows_its_texts_as_texts(besieged: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(besieged.url, width=1440, height=720)
    walked = 0
    for task in rows(besieged, "tasks?limit=200"):
        tab.go(f"#/run/{quote(task['task_id'], safe='')}/{quote(task['task_run_id'], safe='')}")
        tab.wait(".run-title")
        if tab.find(".wf-body").count():
            found = tab.page.evaluate(_WALK)
            assert found["wrong"] == [], task["task_id"][:80]
            walked += found["steps"]
        harmless(tab, task["task_id"][:80])
    assert walked > 100, "the runs have nodes"
