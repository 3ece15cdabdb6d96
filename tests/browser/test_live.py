"""What happens appears by itself, and survives a collector that goes away."""

from __future__ import annotations

import pytest

from .collector import Collector
from .conftest import OpenTab
from .live_worker import worker
from .tab import Tab

pytestmark = pytest.mark.browser


def mark(tab: Tab) -> None:
    """Leave a trace that a reload would wipe out."""
    tab.page.evaluate("() => { window.untouched = true; }")


def untouched(tab: Tab) -> bool:
    return bool(tab.page.evaluate("() => window.untouched === true"))


def test_an_empty_page_teaches_and_fills_by_itself(own_hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(own_hive.url)
    tab.wait("h1", "No agents yet")
    text = tab.wait(".recipes").inner_text()
    assert "hiveloop_langchain.instrument()" in text
    assert f'hiveloop.init(endpoint="{own_hive.url}")' in text
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.page.get_by_role("button", name="Copy the lines for Plain Python").click()
    tab.page.get_by_text("Copied").wait_for()
    copied = tab.page.evaluate("navigator.clipboard.readText()")
    compile(copied, "recipe", "exec")
    tab.wait(".live-live")
    mark(tab)
    own_hive.tell(worker())
    tab.wait(".card", "worker")
    assert untouched(tab)


def test_a_run_grows_before_the_readers_eyes(own_hive: Collector, open_tab: OpenTab) -> None:
    story = worker()
    run = story.task_fields["task_run_id"]
    own_hive.tell(story)
    tab = open_tab(own_hive.url, f"#/run/job-1/{run}")
    tab.wait(".run-title", "Processing")
    tab.wait(".live", "Live")
    mark(tab)
    story.at = -20
    with story.action("look_up", 0.5):
        story.llm("think", "gpt-4o-mini", (100, 10), 1.0)
    own_hive.tell(story)
    tab.wait(".wf-row", "look_up")
    tab.wait(".wf-row", "think")
    story.fail("KeyError", "'customer'")
    own_hive.tell(story)
    tab.wait(".run-title", "Failed")
    tab.wait(".run-error", "KeyError: 'customer'")
    assert untouched(tab)


def test_the_fleet_and_the_feed_follow(own_hive: Collector, open_tab: OpenTab) -> None:
    story = worker()
    own_hive.tell(story)
    tab = open_tab(own_hive.url)
    tab.wait(".card", "Processing")
    tab.wait(".live", "Live")
    story.at = -5
    story.fail("TimeoutError", "the tool did not answer")
    own_hive.tell(story)
    tab.wait(".card", "Error")
    tab.wait(".feed-line", "failed task job-1 in 45.0 s: TimeoutError: the tool did not answer")
    tab.page.wait_for_function("() => document.title === '(1) HiveBoard'")


def test_a_pause_holds_events_and_gives_them_back(own_hive: Collector, open_tab: OpenTab) -> None:
    story = worker()
    own_hive.tell(story)
    tab = open_tab(own_hive.url, "#/activity")
    tab.wait(".feed-line", "started task job-1")
    tab.wait(".live", "Live")
    tab.page.keyboard.press(".")
    tab.page.get_by_role("button", name="Resume").wait_for()
    for number in range(3):
        story.at = -9 + number
        with story.action(f"step_{number}"):
            pass
    own_hive.tell(story)
    tab.wait(".pill", "6 new")
    assert not tab.find(".feed-line", "step_").count()
    tab.page.keyboard.press(".")
    tab.wait(".feed-line", "finished step_2")
    tab.wait(".feed-line", "began step_0")


def test_pointing_at_the_list_keeps_it_still_and_loses_nothing(
    own_hive: Collector, open_tab: OpenTab
) -> None:
    story = worker()
    own_hive.tell(story)
    tab = open_tab(own_hive.url, "#/activity")
    tab.wait(".live", "Live")
    line = tab.wait(".feed-line", "started task job-1")
    at = line.bounding_box()
    line.hover()
    for number in range(3):
        story.at = -9 + number
        story.custom("note", f"note {number}", {})
    own_hive.tell(story)
    tab.wait(".pill", "3 new")
    assert line.bounding_box() == at
    tab.page.get_by_role("button", name="Pause").wait_for()
    tab.page.mouse.move(5, 5)
    for number in range(3):
        tab.wait(".feed-line", f"note {number}")
    tab.find(".pill").wait_for(state="detached")


def test_repeats_are_one_sentence_and_in_the_feed_each_is_a_line(
    own_hive: Collector, open_tab: OpenTab
) -> None:
    story = worker()
    for number in range(4):
        story.at = -9 + number
        story.custom("issue", "The disk is full", {"severity": "high", "issue_id": "disk"})
    own_hive.tell(story)
    tab = open_tab(own_hive.url, "#/activity")
    tab.wait(".feed-line:has-text('The disk is full')").get_by_text("×4").wait_for()
    tab.page.get_by_role("button", name="Feed", exact=True).click()
    tab.page.wait_for_url("**form=feed**")
    tab.page.wait_for_function(
        "() => [...document.querySelectorAll('.feed-line')].filter((line) => line.innerText.includes('The disk is full')).length === 4"
    )
    assert set(tab.texts(".feed-line:has-text('The disk is full') .feed-type")) == {"issue"}
    tab.page.get_by_role("button", name="Narrative").click()
    tab.wait(".feed-line").get_by_text("×4").wait_for()


def test_nothing_is_lost_across_a_restart(own_hive: Collector, open_tab: OpenTab) -> None:
    story = worker()
    own_hive.tell(story)
    tab = open_tab(own_hive.url, "#/activity")
    tab.tolerate += ["ERR_CONNECTION", "ERR_INCOMPLETE", "ERR_EMPTY", "Failed to load resource"]
    tab.wait(".feed-line", "started task job-1")
    tab.wait(".live", "Live")
    mark(tab)
    own_hive.stop()
    tab.wait(".live", "Reconnecting")
    own_hive.start()
    # Sent before the page is back: it must catch up, not only go on.
    story.at = -4
    story.complete()
    own_hive.tell(story)
    tab.wait(".live", "Live")
    tab.wait(".feed-line", "completed task job-1 in 46.0 s")
    story.start("job-2", -2, "p", "job")
    own_hive.tell(story)
    tab.wait(".feed-line", "started task job-2")
    assert untouched(tab)


def test_a_lost_collector_is_said_and_the_page_recovers(own_hive: Collector, open_tab: OpenTab) -> None:
    own_hive.tell(worker())
    tab = open_tab(own_hive.url, "#/tasks")
    tab.tolerate += ["ERR_CONNECTION", "ERR_INCOMPLETE", "ERR_EMPTY", "Failed to load resource"]
    tab.wait(".tt-row", "job-1")
    tab.wait(".live", "Live")
    own_hive.stop()
    tab.wait(".live", "Lost")
    tab.wait(".tt-row", "job-1")
    own_hive.start()
    tab.find(".live").click()
    tab.wait(".live", "Live")


#: Scrolls a list to its end and gives back every text that was in it on the way.
_READ_ALL = """async ([list, texts, last]) => {
  const body = document.querySelector(list);
  const seen = new Set();
  const until = performance.now() + 60000;
  while (!seen.has(last) && performance.now() < until) {
    for (const text of document.querySelectorAll(texts)) seen.add(text.textContent);
    body.scrollTop += body.clientHeight / 2;
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  }
  return [...seen];
}"""


def test_a_burst_larger_than_the_stream_tells_leaves_no_hole(own_hive: Collector, open_tab: OpenTab) -> None:
    story = worker()
    own_hive.tell(story)
    tab = open_tab(own_hive.url, "#/activity?feed=action")
    tab.wait(".live", "Live")
    tab.wait(".state", "Nothing here yet")
    story.at = -5
    for number in range(1_400):
        story.at += 0.002
        story.begin(f"step_{number:04d}")
        story.open_actions.clear()
    own_hive.tell(story)
    tab.wait(".feed-line", "began step_1399")
    seen = tab.page.evaluate(_READ_ALL, [".feed-body", ".feed-text", "began step_0000"])
    missing = {f"began step_{number:04d}" for number in range(1_400)} - set(seen)
    assert not missing, f"{len(missing)} missing, such as {min(missing)}"
