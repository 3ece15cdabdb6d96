"""Rows keep their room: bars in narrow panes, marks of axes, lines of the feed, badges, the run that is shown first."""

from __future__ import annotations

import pytest

from .collector import Collector
from .conftest import OpenTab
from .story import Story, utc_now

pytestmark = pytest.mark.browser

#: Share of the waterfall's width that its bars have, and marks of its axis that touch.
WATERFALL = """() => {
  const whole = document.querySelector('.waterfall').getBoundingClientRect();
  const track = document.querySelector('.wf-row:not(.instant) .wf-track').getBoundingClientRect();
  const ticks = [...document.querySelectorAll('.tick')].map((tick) => {
    const range = document.createRange();
    range.selectNodeContents(tick);
    return {text: tick.innerText, left: tick.getBoundingClientRect().left, right: range.getBoundingClientRect().right};
  });
  const touching = ticks.filter((tick, index) => index + 1 < ticks.length && tick.right + 4 > ticks[index + 1].left);
  return {
    share: track.width / whole.width,
    labels: ticks.map((tick) => tick.text),
    touching,
    beyond: ticks.filter((tick) => tick.right > track.right + 6).map((tick) => tick.text),
  };
}"""

#: Rows of the feed that overlap, leave a hole, or hold text that is cut in the middle of a line.
FEED = """() => {
  const rows = [...document.querySelectorAll('.feed-line')].map((row) => {
    const text = row.querySelector('.feed-text');
    const [own, said] = [row.getBoundingClientRect(), text.getBoundingClientRect()];
    return {top: own.top, bottom: own.bottom, slack: own.height - 20 - said.height, over: said.bottom - own.bottom,
            lines: said.height / parseFloat(getComputedStyle(text).lineHeight), text: text.innerText};
  }).sort((a, b) => a.top - b.top);
  return rows.filter((row, index) => (index + 1 < rows.length && Math.abs(row.bottom - rows[index + 1].top) > 1)
    || row.over > 0 || row.slack > 16 || Math.abs(row.lines - Math.round(row.lines)) > 0.05);
}"""

STEPS = {"0", "100 ms", "200 ms", "500 ms", "1 s", "2 s", "5 s", "10 s", "15 s", "30 s", "1 m", "2 m", "5 m"}


@pytest.mark.parametrize("width", [1440, 1100, 1024, 920, 768, 600, 390, 320])
def test_bars_have_half_of_the_width_and_marks_do_not_touch(
    hive: Collector, open_tab: OpenTab, width: int
) -> None:
    tab = open_tab(hive.url, width=width)
    for address in (
        "#/fleet?tab=run&task=invoice-2024-126",
        "#/run/invoice-2024-126",
        "#/run/report-q3-market-outlook",
    ):
        tab.go(address)
        tab.wait(".wf-row:not(.instant)")
        found = tab.page.evaluate(WATERFALL)
        assert found["share"] >= 0.5, (address, found)
        assert found["touching"] == [], (address, found)
        assert found["beyond"] == [], (address, found)
        assert found["labels"][0] == "0"
        assert found["labels"][1] in STEPS, (address, found)


def test_columns_that_no_row_needs_are_not_there(own_hive: Collector, open_tab: OpenTab) -> None:
    story = Story("porter", utc_now(), 8)
    story.start("carry", -60, "p", "job")
    with story.action("lift", 2.0):
        story.at += 0.5
    story.complete()
    own_hive.tell(story)
    tab = open_tab(own_hive.url, "#/run/carry")
    tab.wait(".wf-row", "lift")
    assert tab.texts(".wf-head .wf-num") == ["Duration"]


def test_a_call_keeps_its_name_on_a_phone(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/run/lead-4821", width=390, height=844)
    tab.wait(".wf-row.kind-llm")
    cut = tab.page.evaluate(
        "() => [...document.querySelectorAll('.wf-row.kind-llm .wf-label')]"
        ".filter((label) => label.scrollWidth > label.clientWidth).map((label) => label.innerText)"
    )
    assert cut == []


@pytest.mark.parametrize(("width", "address"), [(390, "#/activity"), (320, "#/activity"), (1440, "#/fleet")])
def test_lines_of_the_feed_are_as_high_as_their_text(
    hive: Collector, open_tab: OpenTab, width: int, address: str
) -> None:
    tab = open_tab(hive.url, address, width=width, height=844)
    tab.wait(".feed.compact .feed-line", "called")
    tab.page.wait_for_function(f"() => ({FEED})().length === 0")
    body = tab.find(".feed-body")
    for _ in range(4):
        body.evaluate("(element) => { element.scrollTop += 700; }")
        tab.page.wait_for_function(f"() => document.querySelector('.feed-line') && ({FEED})().length === 0")
    tab.page.set_viewport_size({"width": width + 40, "height": 844})
    tab.page.wait_for_function(f"() => ({FEED})().length === 0")


def test_cost_and_duration_of_a_call_stand_in_the_side_pane(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/fleet?feed=llm")
    line = tab.wait(".feed.side .feed-line", "called claude-sonnet-4-5 for score")
    assert line.locator(".feed-figures").inner_text().split() == ["$0.0196", "3.1", "s"]


def test_a_badge_stays_in_its_column(own_hive: Collector, open_tab: OpenTab) -> None:
    story = Story("loud", utc_now(), 4)
    long = "severity-that-somebody-made-up-" * 6
    story.custom("issue", "Broken", {"severity": long, "action": "reported", "category": "x"})
    story.custom(
        "todo", "Mend it", {"todo_id": "t", "action": "created", "priority": long, "source": "agent"}
    )
    own_hive.tell(story)
    for width in (1440, 1000, 390):
        tab = open_tab(own_hive.url, "#/pipeline", width=width)
        tab.wait(".panel", "Issues")
        over = tab.page.evaluate(
            "() => [...document.querySelectorAll('td .badge')].filter((badge) =>"
            " badge.getBoundingClientRect().right > badge.closest('td').getBoundingClientRect().right + 0.5).length"
        )
        assert over == 0, width


def test_the_run_shown_first_says_why_and_is_marked_in_the_table(
    own_hive: Collector, open_tab: OpenTab
) -> None:
    story = Story("busy", utc_now(), 6)
    for number in range(60):
        story.start(f"job-{number:02d}", -3000 + number * 10, "p", "job")
        if number == 40:
            story.fail("ValueError", "no such customer")
        else:
            story.complete()
    own_hive.tell(story)
    tab = open_tab(own_hive.url)
    tab.wait(".run-why", "Shown first because it failed lately")
    tab.wait(".run-title", "job-40")
    held = tab.wait(".tt-row.chosen", "job-40")
    table, row = tab.wait(".task-table").bounding_box(), held.bounding_box()
    assert table is not None
    assert row is not None
    assert table["y"] <= row["y"]
    assert row["y"] + row["height"] <= table["y"] + table["height"] + 1
    tab.find(".tt-row", "job-59").click()
    tab.wait(".run-title", "job-59")
    assert not tab.find(".run-why").count()


@pytest.mark.parametrize("days", ["7d", "30d"])
def test_days_of_the_cost_axis_do_not_repeat(hive: Collector, open_tab: OpenTab, days: str) -> None:
    tab = open_tab(hive.url)
    # The chart writes on a canvas: what it writes is noted on the way.
    tab.context.add_init_script(
        "window.written = []; const write = CanvasRenderingContext2D.prototype.fillText;"
        "CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {"
        " window.written.push(text); return write.call(this, text, ...rest); };"
    )
    tab.go(f"#/costs?range={days}")
    tab.wait(".cost-chart canvas")
    tab.page.wait_for_function("() => window.written.length > 2")
    # One drawing at a time: a later one begins again with its first label.
    written: list[str] = tab.page.evaluate("window.written")
    dates = [text for text in written if text[:1].isdigit()]
    drawings = dates.count(dates[0])
    assert len(set(dates)) * drawings == len(dates)
    assert len(set(dates)) >= 3
