"""Everything can be reached and seen with the keyboard alone; dialogs keep the focus; motion can be turned off."""

from __future__ import annotations

import pytest

from .collector import Collector
from .conftest import OpenTab
from .every_view import GENERAL, OF_THE_COMPANY, View
from .tab import Tab

pytestmark = pytest.mark.browser

VIEWS = {
    name: view
    for name, view in (GENERAL | OF_THE_COMPANY).items()
    if name not in ("agent", "session", "sessions")
}
#: More than any view has to reach; a view that needs more presses is told.
MOST_PRESSES = 600

#: What a person could press, less what is skipped on purpose: rows that a list of their own keys walks.
_REACHABLE = """() => {
  const all = [...document.querySelectorAll('a[href], button, input, select, textarea, [tabindex]')].filter((element) =>
    element.checkVisibility() && !element.disabled && element.tabIndex >= 0 && !element.closest('[inert]'));
  all.forEach((element, index) => { element.dataset.reach = String(index); });
  return all.length;
}"""
#: Which of them has the focus, and whether anybody sees that: an outline, a shadow or a border that is not there without.
_FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const look = (one, pseudo) => { const s = getComputedStyle(one, pseudo); return [s.outlineStyle, s.outlineWidth, s.boxShadow, s.borderColor, s.backgroundColor].join('|'); };
  const looks = (one) => look(one) + look(one, '::after') + look(one, '::before');
  const hosts = [element, element.parentElement, element.closest('label'), element.closest('[role=row], li, article')].filter(Boolean);
  const focused = hosts.map(looks);
  element.blur();
  const plain = hosts.map(looks);
  element.focus({preventScroll: true, focusVisible: true});
  const at = element.getBoundingClientRect();
  return {
    reach: element.dataset.reach ?? null,
    endless: element.closest('.feed-rows') !== null,
    seen: focused.some((look, index) => look !== plain[index]),
    size: at.width * at.height,
    what: element.outerHTML.slice(0, 160),
  };
}"""


def walk(tab: Tab) -> tuple[set[str], list[str]]:
    """Press Tab until the focus comes round: what was reached, and what shows no focus."""
    reached: set[str] = set()
    unseen: list[str] = []
    lines = 0
    for _ in range(MOST_PRESSES):
        tab.page.keyboard.press("Tab")
        found = tab.page.evaluate(_FOCUSED)
        # The feed is the last thing on a page, and as long as the store is full.
        lines += found is not None and found["endless"]
        if found is None or found["reach"] in reached or lines > 6:
            return reached, unseen
        if found["reach"] is not None:
            reached.add(found["reach"])
        if not found["seen"]:
            unseen.append(found["what"])
    raise AssertionError("the focus never came round")


@pytest.mark.parametrize(
    "name", [name for name in VIEWS if name not in ("palette", "keys", "compare-nothing")]
)
def test_all_that_can_be_pressed_is_reached_and_shows_its_focus(
    hive: Collector, open_tab: OpenTab, name: str
) -> None:
    tab = open_tab(hive.url)
    tab.go(VIEWS[name].address)
    tab.wait(VIEWS[name].sign)
    tab.wait(".live-live" if name != "wall" else ".wall")
    count = tab.page.evaluate(_REACHABLE)
    reached, unseen = walk(tab)
    assert unseen == []
    missed = tab.page.evaluate(
        "(reached) => [...document.querySelectorAll('[data-reach]')].filter((element) => element.checkVisibility()"
        " && !element.closest('.feed-rows')"
        " && !reached.includes(element.dataset.reach)).map((element) => element.outerHTML.slice(0, 160))",
        sorted(reached),
    )
    assert missed == [], f"{len(reached)} of {count} reached"


DIALOGS = {
    "palette": (View("#/fleet", ".live-live"), "Control+k"),
    "keys": (View("#/fleet", ".live-live"), "?"),
}


@pytest.mark.parametrize("name", DIALOGS)
def test_a_dialog_keeps_the_focus_and_gives_it_back(hive: Collector, open_tab: OpenTab, name: str) -> None:
    view, key = DIALOGS[name]
    tab = open_tab(hive.url)
    view.open(tab)
    link = tab.page.get_by_role("link", name="Tasks", exact=True)
    link.focus()
    tab.page.keyboard.press(key)
    tab.wait("dialog[open]")
    for _ in range(6):
        tab.page.keyboard.press("Tab")
        # Beside the dialog only the browser itself may have the focus.
        assert tab.page.evaluate(
            "() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
        )
    tab.page.keyboard.press("Escape")
    tab.find("dialog").wait_for(state="detached")
    assert link.evaluate("(element) => element === document.activeElement")


def test_nothing_moves_when_motion_is_unwanted(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url)
    for name in ("fleet", "wall", "run-plan", "activity", "palette"):
        VIEWS[name].open(tab)
        moving = tab.page.evaluate(
            "() => document.getAnimations().filter((one) => one.playState === 'running'"
            " && one.effect.getComputedTiming().activeDuration > 1).map((one) => one.effect.target.outerHTML.slice(0, 120))"
        )
        assert moving == [], name
