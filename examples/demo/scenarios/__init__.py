"""The agents of the demo, one module each."""

from examples.demo.scenario import Scenario

from . import billing, data_sync, lead_qualifier, market_research, order_desk, refund_desk, support_triage

__all__ = ["SCENARIOS"]

SCENARIOS: tuple[Scenario, ...] = (
    lead_qualifier.SCENARIO,
    support_triage.SCENARIO,
    market_research.SCENARIO,
    data_sync.SCENARIO,
    billing.SCENARIO,
    refund_desk.SCENARIO,
    order_desk.SCENARIO,
)
