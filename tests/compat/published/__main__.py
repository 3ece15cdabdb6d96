"""Runs the whole day against one collector and prints, as JSON, what was left out and what the SDK complained about."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import sys
import threading
from importlib.metadata import version
from typing import Any

import hiveloop
from hiveloop.contrib import log_handler

from tests.compat.published import claude, office, work
from tests.compat.published.witness import Witness

BEAT_SECONDS = 0.2
_WAIT_SECONDS = 15.0


class _Complaints(logging.Handler):
    """Warnings of the SDK: with a collector in good order there is one, about the event type nobody knows."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def _watch_everything(integration: Any) -> Witness:
    from hiveloop import _agent  # where 0.2.0 keeps its handles

    witness = Witness()
    witness.watch(hiveloop)
    witness.watch(hiveloop.HiveBoard)
    witness.watch(hiveloop.Agent)
    witness.watch(hiveloop.Task, "__enter__", "__exit__")
    witness.watch(vars(_agent)["_ActionContext"], "__enter__", "__exit__")
    witness.watch(log_handler.HiveBoardLogHandler, "__init__")
    witness.watch(integration.HooksResult)
    for name in (
        "hiveloop_hooks",
        "merge_hooks",
        "instrumented_query",
        "get_current_task",
        "get_current_agent",
    ):
        witness.watch_function(integration, name)
    return witness


def _first_board(endpoint: str, api_key: str) -> None:
    settings: dict[str, Any] = {
        "endpoint": endpoint,
        "environment": "staging",
        "group": "compat",
        "flush_interval": 0.2,
        "batch_size": 20,
        "max_queue_size": 5_000,
        "debug": False,
    }
    board = hiveloop.init(api_key, **settings)
    if hiveloop.init(api_key=api_key) is not board:
        raise AssertionError("a second init returns the first client")
    beaten = threading.Semaphore(0)

    def vital_signs() -> dict[str, Any]:
        beaten.release()
        return {"orders_today": 17}

    identity: dict[str, Any] = {
        "type": "support",
        "version": "1.4.0",
        "framework": "langchain",
        "heartbeat_interval": BEAT_SECONDS,
        "stuck_threshold": 120,
        "heartbeat_payload": vital_signs,
        "queue_provider": lambda: {"depth": 5, "oldest_age_seconds": 12, "items": [], "processing": None},
    }
    agent = board.agent("field-agent", **identity)
    if board.agent("field-agent", **identity) is not agent or board.get_agent("field-agent") is not agent:
        raise AssertionError("an agent is one handle")
    _day(agent, board.agent(agent_id="field-office", heartbeat_interval=0))
    for _ in range(2):  # the snapshot of the queue follows the beat, so the second beat proves the first
        if not beaten.acquire(timeout=_WAIT_SECONDS):
            raise AssertionError("no heartbeat")
    board.flush()
    hiveloop.flush()
    board.shutdown(timeout=5.0)
    hiveloop.shutdown(timeout=5.0)
    hiveloop.reset()


def _day(agent: Any, office_agent: Any) -> None:
    work.refund(agent)
    work.failed_in_the_block(agent)
    work.closed_by_hand(agent)
    work.left_open(agent)
    office.calls(office_agent)
    office.issues(office_agent)
    office.todos(office_agent)
    office.queue(office_agent)
    office.schedule(office_agent)
    office.events(office_agent)
    office.log_records(office_agent)


def main() -> None:
    """Two clients one after the other: the SDK itself, then its Claude integration."""
    endpoint, api_key = sys.argv[1:]
    integration = importlib.import_module("hiveloop.integrations.claude_agent_sdk")
    complaints = _Complaints()
    logging.getLogger("hiveloop").addHandler(complaints)
    witness = _watch_everything(integration)
    _first_board(endpoint, api_key)
    asyncio.run(claude.run_session(integration, endpoint, api_key))
    hiveloop.shutdown()
    answer = {
        "version": version("hiveloop"),
        "surface": witness.count,
        "unused": witness.unused,
        "complaints": complaints.lines,
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
