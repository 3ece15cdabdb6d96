"""Every view of the page: its address, what must be there, and what to open on it."""

from __future__ import annotations

from typing import NamedTuple

from .tab import Tab

PARTS_OF_SETTINGS = ("alerts", "keys", "thresholds", "pricing", "policies", "projects")


class View(NamedTuple):
    """``sign`` is there once the view is; ``click`` opens something of it, which is there with ``then``."""

    address: str
    sign: str
    click: str | None = None
    then: str | None = None

    def open(self, tab: Tab) -> None:
        """Go there as by a shared link, and open what there is to open."""
        tab.go(self.address)
        tab.wait(self.sign)
        if self.click is not None:
            tab.find(self.click).first.click()
        if self.then is not None:
            tab.wait(self.then)


#: Views that hold whatever the collector does.
GENERAL = {
    "fleet": View("#/fleet", ".card, [role=tab]"),
    "wall": View("#/wall", ".wall"),
    "tasks": View("#/tasks", ".tt-rows .tt-row"),
    "activity": View("#/activity", ".feed-line"),
    "feed": View("#/activity?form=feed", ".feed-line"),
    "costs": View("#/costs", ".calls tbody tr"),
    "pipeline": View("#/pipeline", ".panel"),
    **{
        f"insights-{part}": View(f"#/insights?part={part}", ".question")
        for part in ("glance", "investigation", "optimization", "review")
    },
    "insight": View("#/insights?question=cost", ".answer"),
    "compare-nothing": View("#/compare", ".side-empty", ".side-empty button", ".dialog"),
    "sessions": View("#/sessions", ".page"),
    **{f"settings-{part}": View(f"#/settings/{part}", ".settings-panel") for part in PARTS_OF_SETTINGS},
    "palette": View("#/fleet", ".live-live", ".search-button", ".dialog .hit"),
    "keys": View("#/fleet", ".live-live"),
}

#: Views of what the seeded company and the concierge did.
OF_THE_COMPANY = {
    "run-failed": View("#/run/invoice-2024-126", ".wf-row"),
    "run-plan": View("#/run/lead-4821", ".wf-row", ".wf-row:has-text('condense') .wf-name", ".detail"),
    "run-long": View("#/run/report-q3-market-outlook", ".wf-row"),
    "compare": View("#/compare?a=invoice-2024-125&b=invoice-2024-126", ".diff"),
    "agent": View("#/agent/concierge", ".beats"),
    "session": View("#/session/chat-77", ".session-run"),
}
