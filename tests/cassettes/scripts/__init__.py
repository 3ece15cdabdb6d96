"""What the scripted model says in each recording."""

from tests.model_server import Script

from . import (
    billing,
    data_sync,
    lead_qualifier,
    market_research,
    order_desk,
    refund_desk,
    support_triage,
    wire,
)

__all__ = ["DEMO_SCRIPTS", "WIRE_SCRIPTS"]

DEMO_SCRIPTS: dict[str, tuple[Script, ...]] = {
    "lead-qualifier": lead_qualifier.SCRIPTS,
    "support-triage": support_triage.SCRIPTS,
    "market-research": market_research.SCRIPTS,
    "data-sync": data_sync.SCRIPTS,
    "billing": billing.SCRIPTS,
    "refund-desk": refund_desk.SCRIPTS,
    "order-desk": order_desk.SCRIPTS,
}
WIRE_SCRIPTS = wire.SCRIPTS
