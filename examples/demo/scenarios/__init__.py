"""The agents of the demo, one module each."""

from examples.demo.scenario import Scenario

from . import (
    billing,
    data_sync,
    lead_qualifier,
    market_research,
    newsroom,
    order_desk,
    parcel_watch,
    refund_desk,
    report_reader,
    returns_team,
    shelf_audit,
    stock_keeper,
    support_triage,
    wholesale,
)

__all__ = ["ALL_SCENARIOS", "SCENARIOS"]

SCENARIOS: tuple[Scenario, ...] = (
    lead_qualifier.SCENARIO,
    support_triage.SCENARIO,
    market_research.SCENARIO,
    data_sync.SCENARIO,
    billing.SCENARIO,
    refund_desk.SCENARIO,
    order_desk.SCENARIO,
    stock_keeper.SCENARIO,
    returns_team.SCENARIO,
    shelf_audit.SCENARIO,
    report_reader.SCENARIO,
    parcel_watch.SCENARIO,
    wholesale.SCENARIO,
)

#: With the one whose framework takes a gigabyte to install and ten seconds to import.
ALL_SCENARIOS: tuple[Scenario, ...] = (*SCENARIOS, newsroom.SCENARIO)
