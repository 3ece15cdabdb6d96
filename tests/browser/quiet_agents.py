"""Agents that need nobody: idle, cancelled, stopped; and one whose heartbeat stopped."""

from __future__ import annotations

from datetime import datetime

from .story import Story, moment_of


def quiet_agents(now: datetime) -> list[Story]:
    """Agents that need nobody: idle, cancelled, stopped; and one whose heartbeat stopped."""
    sync = Story("nightly-sync", now, 5, agent_type="etl", agent_version="1.0.0", framework="custom")
    sync.register(-3000)
    sync.start("sync-crm", -1800, "ops", "sync")
    with sync.action("pull", 12.0):
        sync.at += 3
    with sync.action("push", 8.4):
        sync.at += 1
    sync.complete()
    sync.custom(
        "scheduled",
        "2 scheduled items",
        {
            "items": [
                {
                    "id": "crm",
                    "name": "Sync the CRM",
                    "interval": "1 h",
                    "next_run": moment_of(now, 1500),
                    "last_run": moment_of(now, -1800),
                    "last_status": "success",
                    "enabled": True,
                },
                {
                    "id": "dwh",
                    "name": "Load the warehouse",
                    "interval": "1 d",
                    "next_run": moment_of(now, 40000),
                    "last_run": moment_of(now, -46000),
                    "last_status": "failed",
                    "enabled": True,
                },
            ]
        },
    )
    sync.heartbeat(-20)
    pricing = Story(
        "pricing-bot",
        now,
        6,
        agent_type="pricing",
        agent_version="0.3.0",
        framework="langchain",
        environment="staging",
    )
    pricing.register(-2500)
    pricing.start("price-run-17", -900, "pricing", "reprice")
    pricing.llm("compare", "acme-private-model-7b", (3300, 120), 2.0)
    pricing.at += 20
    pricing.complete(status="cancelled")
    pricing.start("price-run-18", -700, "pricing", "reprice")
    pricing.llm("compare", "gpt-4.1-mini", (3100, 118), 1.8)
    pricing.complete()
    pricing.heartbeat(-15)
    indexer = Story("doc-indexer", now, 7, agent_type="search", agent_version="1.4.2", framework="custom")
    indexer.register(-1500, stuck_threshold=1)
    indexer.start("index-handbook", -500, "ops", "index")
    indexer.begin("embed_chunks")
    indexer.open_actions.clear()
    indexer.heartbeat(-420)
    old = Story("mail-sorter", now, 8, agent_type="support", agent_version="0.1.0", framework="custom")
    old.register(-3400)
    old.custom("runtime", "Agent stopped", {"event": "agent_stopped"})
    return [sync, pricing, indexer, old]
