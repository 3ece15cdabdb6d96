"""The settings are accessible, fit every window, and show whatever people wrote as text."""

from __future__ import annotations

import pytest

from .axe import grave_findings
from .collector import Collector
from .conftest import OpenTab
from .settings_page import PARTS, admin, box, failing, press, send
from .test_hostile import STRINGS, innocent

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark"), (320, "light")])
def test_every_part_is_accessible_and_fits(
    own_hive: Collector, open_tab: OpenTab, width: int, theme: str
) -> None:
    own_hive.tell(failing("order-desk"))
    channel = admin(
        own_hive,
        "POST",
        "alerts/channels",
        {"name": "Ops", "channel": {"type": "webhook", "url": "http://127.0.0.1:9/"}},
    )
    rule = {"name": "Failures", "condition": {"type": "task_failed"}, "channels": [channel["channel_id"]]}
    admin(own_hive, "POST", "alerts/rules", rule)
    tab = open_tab(own_hive.url, width=width, theme=theme)
    for part in PARTS:
        tab.go(f"#/settings/{part}")
        tab.wait(".settings-panel")
        assert grave_findings(tab) == [], f"{part}, {theme}, {width}"
        assert tab.overflow == 0, f"{part}, {theme}, {width}"
        opener = tab.page.get_by_role("button", name="New ").first
        if part not in ("thresholds", "pricing"):
            opener.click()
            tab.wait(".dialog")
            assert grave_findings(tab) == [], f"form of {part}, {theme}, {width}"


@pytest.mark.parametrize("name", [name for name in STRINGS if name not in ("dots", "controls")])
def test_hostile_strings_in_every_field_stay_text(own_hive: Collector, open_tab: OpenTab, name: str) -> None:
    text = STRINGS[name][:120]
    admin(
        own_hive,
        "POST",
        "alerts/channels",
        {"name": text, "channel": {"type": "webhook", "url": "http://127.0.0.1:9/"}},
    )
    filters = dict.fromkeys(("project_id", "environment", "group", "agent_id"), text)
    admin(
        own_hive,
        "POST",
        "alerts/rules",
        {"name": text, "condition": {"type": "agent_stuck"}, "filters": filters},
    )
    admin(own_hive, "POST", "projects", {"name": text, "slug": "p", "description": text})
    names = {"agent": text, "type": text, "user_group": text}
    policy = {
        "id": "p",
        "name": text,
        "kind": "tools",
        "action": "block",
        "match": names,
        "limit": {"deny": [text]},
    }
    admin(own_hive, "PUT", "policies", {"policies": [{**policy, "reason": text}]})
    tab = open_tab(own_hive.url, "#/settings/pricing", width=390)
    tab.tolerate.append("400")
    press(tab, "Set a price")
    box(tab, "model").fill(text)
    box(tab, "input_per_m").fill("1")
    box(tab, "output_per_m").fill("1")
    send(tab)
    tab.wait("[aria-label=Prices]")
    innocent(tab, "pricing")
    for part in ("alerts", "policies", "projects"):
        tab.go(f"#/settings/{part}")
        tab.wait(".settings-table")
        innocent(tab, part)
        tab.page.get_by_role("button", name="Edit: ").first.click()
        tab.wait(".dialog")
        innocent(tab, f"form of {part}")
