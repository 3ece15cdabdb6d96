"""What the scripted model says in each recording."""

from tests.model_server import Script

from . import (
    autogen,
    billing,
    crewai,
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
    wire,
)

__all__ = ["AUTOGEN_SCRIPTS", "CREWAI_SCRIPTS", "DEMO_SCRIPTS", "WIRE_SCRIPTS"]

DEMO_SCRIPTS: dict[str, tuple[Script, ...]] = {
    "lead-qualifier": lead_qualifier.SCRIPTS,
    "support-triage": support_triage.SCRIPTS,
    "market-research": market_research.SCRIPTS,
    "data-sync": data_sync.SCRIPTS,
    "billing": billing.SCRIPTS,
    "refund-desk": refund_desk.SCRIPTS,
    "order-desk": order_desk.SCRIPTS,
    "returns-team": returns_team.SCRIPTS,
    "newsroom": newsroom.SCRIPTS,
    "stock-keeper": stock_keeper.SCRIPTS,
    "shelf-audit": shelf_audit.SCRIPTS,
    "report-reader": report_reader.SCRIPTS,
    "parcel-watch": parcel_watch.SCRIPTS,
    "wholesale": wholesale.SCRIPTS,
}
WIRE_SCRIPTS = wire.SCRIPTS
CREWAI_SCRIPTS = crewai.SCRIPTS
AUTOGEN_SCRIPTS = autogen.SCRIPTS
