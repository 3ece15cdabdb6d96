"""A small company of agents as a person would meet them on an ordinary, slightly bad day.

``python -m tests.browser.seed URL`` feeds a running collector.
"""

from __future__ import annotations

import sys
from datetime import datetime

from .busy_agents import lead_qualifier, research_writer
from .quiet_agents import quiet_agents
from .story import Story, send, utc_now
from .troubled_agents import invoice_extractor, support_triage


def company(now: datetime | None = None) -> list[Story]:
    moment = now or utc_now()
    return [
        lead_qualifier(moment),
        invoice_extractor(moment),
        support_triage(moment),
        research_writer(moment),
        *quiet_agents(moment),
    ]


def feed(url: str) -> None:
    for story in company():
        send(url, story)


if __name__ == "__main__":
    feed(sys.argv[1])
