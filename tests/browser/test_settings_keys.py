"""Keys made on the page open and close the collector; who may not administer is offered nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import urllib3

from .collector import Collector
from .conftest import OpenTab
from .settings_page import ADMIN, PARTS, box, press, send

pytestmark = pytest.mark.browser


def test_the_first_key_signs_in_and_a_later_one_works_until_it_is_revoked(
    own_hive: Collector, open_tab: OpenTab
) -> None:
    tab = open_tab(own_hive.url, "#/settings/keys")
    tab.tolerate.append("401")
    tab.wait(".settings-empty", "No key is checked.")
    press(tab, "New key")
    box(tab, "name").fill("Jane")
    send(tab)
    first = tab.wait(".key-shown code").inner_text()
    assert first.startswith("hb_live_")
    press(tab, "I have it")
    tab.wait("[aria-label=Keys] tr", "Jane")
    assert first not in tab.page.content(), "a key is seen once"

    press(tab, "New key")
    box(tab, "name").fill("Reporter")
    box(tab, "key_type").select_option("read")
    box(tab, "expires_in_days").fill("30")
    send(tab)
    raw = tab.wait(".key-shown code").inner_text()
    press(tab, "I have it")
    assert ask(own_hive, raw) == 200
    tab.wait("[aria-label=Keys] tr", "in 2")  # it ends in 29 days
    press(tab, "Revoke: Reporter")
    tab.wait(".dialog", "refused within a second")
    press(tab, "Revoke the key")
    tab.wait(".badge", "revoked")
    assert ask(own_hive, raw) == 401
    press(tab, "Revoke: Jane")
    tab.wait(".dialog", "the last key that may administer")


def ask(hive: Collector, key: str) -> int:
    return urllib3.request("GET", f"{hive.url}/v1/agents", headers={"Authorization": f"Bearer {key}"}).status


def test_who_may_only_read_is_offered_nothing_and_told_why(tmp_path: Path, open_tab: OpenTab) -> None:
    collector = Collector(tmp_path, key=ADMIN).start()
    try:
        answer = urllib3.request(
            "POST",
            f"{collector.url}/v1/keys",
            json={"name": "watcher", "key_type": "read"},
            headers={"Authorization": f"Bearer {ADMIN}"},
        )
        tab = open_tab(collector.url, "#/settings/alerts")
        tab.tolerate.append("401")
        tab.wait(".sign-in")
        tab.page.locator(".sign-in input").fill(answer.json()["raw_key"])
        tab.page.keyboard.press("Enter")
        for part in PARTS:
            tab.page.evaluate(f"location.hash = '#/settings/{part}'")
            tab.wait(".settings-nav [aria-current=page]", None)
            tab.wait(".settings-note", "sign in with a key that has the scope admin")
            tab.wait(".settings-panel")
            assert tab.page.locator(".settings-part .button:not(:disabled)").count() == 0, part
    finally:
        collector.stop()
