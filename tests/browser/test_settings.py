"""What people set up on the page takes effect: alerts arrive, thresholds colour, prices and policies hold."""

from __future__ import annotations

import pytest
import urllib3

from .collector import Collector
from .conftest import OpenTab
from .endpoint import listening
from .settings_page import ADMIN, admin, box, failing, press, saved, send

pytestmark = pytest.mark.browser


def test_a_rule_made_here_tells_a_real_endpoint_and_its_test_shows_how_that_went(
    own_hive: Collector, open_tab: OpenTab
) -> None:
    with listening() as endpoint:
        tab = open_tab(own_hive.url, "#/settings/alerts")
        tab.wait(".settings-empty", "Nobody is told of anything yet.")
        press(tab, "New channel")
        box(tab, "name").fill("Ops")
        box(tab, "channel.url").fill(endpoint.url)
        send(tab)
        saved(tab)
        press(tab, "Any failure")
        assert box(tab, "name").input_value() == "Any failure"
        assert box(tab, "channels").is_checked(), "the only channel is chosen"
        send(tab)
        tab.wait("[aria-label=Rules] tr", "Tells when a run fails")

        press(tab, "Test: Any failure")
        tab.wait(".deliveries", "answered 200")
        assert endpoint.hear("alert.test")["rule_name"] == "Any failure"

        endpoint.answer = 404
        press(tab, "Test: Any failure")
        tab.wait(".deliveries", "not delivered")
        tab.wait(".deliveries", "404")
        endpoint.answer = 200

        own_hive.tell(failing("order-desk"))
        assert endpoint.hear("alert.firing")["agent_id"] == "order-desk"
        fired = tab.wait("[aria-label=History] tr", "order-desk")
        fired.get_by_role("button", name="delivered").click()
        tab.wait("[aria-label=History] .tries", "answered 200")


def test_failed_deliveries_are_tried_again_and_every_try_is_shown(
    own_hive: Collector, open_tab: OpenTab
) -> None:
    with listening() as endpoint:
        endpoint.answer = 503
        channel = admin(
            own_hive,
            "POST",
            "alerts/channels",
            {"name": "Ops", "channel": {"type": "webhook", "url": endpoint.url}},
        )
        rule = {"name": "Failures", "condition": {"type": "task_failed"}, "channels": [channel["channel_id"]]}
        admin(own_hive, "POST", "alerts/rules", rule)
        own_hive.tell(failing("order-desk"))
        endpoint.hear("alert.firing")
        tab = open_tab(own_hive.url, "#/settings/alerts")
        tab.wait("[aria-label=History] .disclose", "not yet delivered").click()
        tab.wait(".delivery", "tried again")
        endpoint.answer = 200
        tab.wait("[aria-label=History] .disclose", "delivered")
        tab.wait(".delivery", "2 tries")
        assert tab.page.locator(".tries li").count() == 2


def test_what_is_wrong_stands_at_its_field(own_hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(own_hive.url, "#/settings/alerts")
    tab.tolerate.append("400")
    press(tab, "New rule")
    box(tab, "condition.type").select_option("error_rate")
    box(tab, "condition.threshold_percent").fill("150")
    box(tab, "condition.window_seconds").fill("soon")
    send(tab)
    tab.wait(".field-wrong", "This is needed.")
    assert tab.page.evaluate("document.activeElement.dataset.path") == "name", (
        "the first wrong field has the focus"
    )
    described = box(tab, "condition.window_seconds").get_attribute("aria-describedby") or ""
    assert "90 s" in tab.page.locator(f'[id="{described}"]').inner_text()
    # What only the collector knows comes back to the field, too.
    tab.page.keyboard.press("Escape")
    tab.wait(".dialog [role=alert]", "not saved")
    tab.page.keyboard.press("Escape")
    press(tab, "New channel")
    box(tab, "name").fill("Cloud")
    box(tab, "channel.url").fill("http://169.254.169.254/latest")
    send(tab)
    field = tab.page.locator(".field", has=box(tab, "channel.url"))
    field.locator(".field-wrong", has_text="Link-local").wait_for()
    assert box(tab, "channel.url").input_value() == "http://169.254.169.254/latest", (
        "nothing that was typed is lost"
    )


def test_a_rule_is_edited_silenced_and_deleted(own_hive: Collector, open_tab: OpenTab) -> None:
    admin(
        own_hive, "POST", "alerts/rules", {"name": "Queue", "condition": {"type": "queue_depth", "depth": 5}}
    )
    tab = open_tab(own_hive.url, "#/settings/alerts")
    press(tab, "Edit: Queue")
    assert box(tab, "condition.depth").input_value() == "5"
    box(tab, "condition.type").select_option("no_progress")
    box(tab, "condition.after_seconds").fill("2 m")
    box(tab, "filters.project_id").fill("sales")
    send(tab)
    tab.wait(".settings-line", "Tells when a run makes no progress for 2 m; only project sales")
    tab.page.get_by_label("Silence: Queue").select_option(label="for 1 hour")
    tab.wait(".status", "Silent")
    press(tab, "End silence: Queue")
    tab.wait(".status", "Quiet")
    press(tab, "Delete: Queue")
    tab.wait(".dialog", "Its history stays.")
    press(tab, "Delete the rule")
    tab.wait(".settings-empty", "Nobody is told of anything yet.")


def test_a_threshold_changes_the_colour_of_the_ribbon(own_hive: Collector, open_tab: OpenTab) -> None:
    own_hive.tell(failing("order-desk"))
    tab = open_tab(own_hive.url, "#/fleet")
    watcher = open_tab(own_hive.url, "#/fleet")
    assert tab.wait(".ribbon-cell.tone-bad", "In error").is_visible()
    tab.go("#/settings/thresholds")
    box(tab, "thresholds.error_agents.wait").fill("1")
    box(tab, "thresholds.error_agents.bad").fill("5")
    press(tab, "Save: thresholds")
    tab.wait(".settings-said", "Saved.")
    tab.page.get_by_role("link", name="Fleet", exact=True).click()
    tab.wait(".ribbon-cell.tone-wait", "In error")
    # Others see it without reloading, at the latest when settings are read again.
    watcher.page.locator(".ribbon-cell.tone-wait", has_text="In error").wait_for(timeout=30_000)


def test_thresholds_in_the_wrong_order_are_refused_at_their_field(
    own_hive: Collector, open_tab: OpenTab
) -> None:
    tab = open_tab(own_hive.url, "#/settings/thresholds")
    tab.tolerate.append("400")
    box(tab, "thresholds.cost_1h.wait").fill("20")
    box(tab, "thresholds.cost_1h.bad").fill("5")
    press(tab, "Save: thresholds")
    row = tab.page.locator(".threshold", has_text="Cost of the last hour")
    row.locator(".field-wrong", has_text="Bad must be at least what wait is").wait_for()


def test_retention_and_address_are_kept(own_hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(own_hive.url, "#/settings/thresholds")
    tab.tolerate.append("400")
    box(tab, "public_url").fill("hive example")
    press(tab, "Save: retention and address")
    tab.wait(".field-wrong")
    box(tab, "public_url").fill("https://hive.example.com")
    box(tab, "retention_days").fill("90")
    press(tab, "Save: retention and address")
    tab.wait(".settings-said", "Saved.")
    tab.go("#/settings/thresholds")
    tab.wait(".settings-panel", "https://hive.example.com")
    assert box(tab, "retention_days").input_value() == "90"
    box(tab, "retention_days").fill("")
    press(tab, "Save: retention and address")
    tab.wait(".settings-said", "Saved.")
    answer = urllib3.request(
        "GET", f"{own_hive.url}/v1/settings", headers={"Authorization": f"Bearer {ADMIN}"}
    )
    assert answer.json()["retention_days"] is None


def test_an_own_price_holds_and_is_taken_back(own_hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(own_hive.url, "#/settings/pricing")
    tab.wait(".settings-empty", "No model was called yet.")
    press(tab, "Set a price")
    box(tab, "model").fill("gpt-4o-mini")
    tab.wait(".dialog", "(library)")
    box(tab, "input_per_m").fill("0.01")
    box(tab, "output_per_m").fill("0.02")
    send(tab)
    tab.wait("[aria-label=Prices] tr", "gpt-4o-mini").locator(".badge", has_text="own").wait_for()
    press(tab, "Remove: gpt-4o-mini")
    press(tab, "Remove the price")
    tab.wait(".settings-said", "(library)")
    tab.wait(".settings-empty", "No model was called yet.")


def test_policies_are_edited_by_form_and_as_json(own_hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(own_hive.url, "#/settings/policies")
    tab.tolerate += ["400", "412"]
    press(tab, "New policy")
    box(tab, "name").fill("Half a dollar")
    send(tab)
    tab.wait(".field-wrong", "Name at least one of usd, tokens, calls, seconds")
    box(tab, "limit.usd").fill("0.5")
    send(tab)
    tab.wait("[aria-label=Policies] tr", "At most $0.50 a run")
    press(tab, "Edit as JSON")
    text = tab.page.get_by_label("All policies, as JSON")
    text.fill("[1,")
    press(tab, "Save all")
    tab.wait("[role=alert]", "This is not JSON")
    text.fill('[{"id": "a b", "name": "x", "kind": "tools", "action": "warn", "limit": {"deny": ["pay"]}}]')
    press(tab, "Save all")
    tab.wait("[role=alert]", "id")
    # Somebody else was faster: nobody's work is overwritten.
    admin(own_hive, "PUT", "policies", {"policies": []})
    text.fill('[{"id": "a", "name": "x", "kind": "tools", "action": "warn", "limit": {"deny": ["pay"]}}]')
    press(tab, "Save all")
    tab.wait("[role=alert]", "changed meanwhile")


def test_a_project_is_named_and_put_away(own_hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(own_hive.url, "#/settings/projects")
    tab.tolerate.append("409")
    press(tab, "New project")
    box(tab, "name").fill("Sales, EMEA")
    box(tab, "description").fill("Qualifies leads.")
    send(tab)
    tab.wait("[aria-label=Projects] tr", "sales-emea")
    press(tab, "New project")
    box(tab, "name").fill("Sales EMEA")
    send(tab)
    tab.wait(".dialog [role=alert]", "already")
    tab.page.keyboard.press("Escape")
    tab.page.keyboard.press("Escape")
    press(tab, "Archive: Sales, EMEA")
    tab.wait(".badge", "archived")
    press(tab, "Bring back: Sales, EMEA")
    tab.page.locator(".badge", has_text="archived").wait_for(state="detached")
