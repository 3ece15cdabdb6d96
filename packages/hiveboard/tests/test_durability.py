"""What was acknowledged is there: after kill -9 in the middle of ingest, and when the disk refuses."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import urllib3
from hiveboard.settings import Limits
from hiveboard.verify import verify_store

from .conftest import event, kind, running

HEADERS = {"Authorization": "Bearer hb_live_x"}
CLI = [sys.executable, "-c", "from hiveboard.cli import main; main()"]


def start(store: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [*CLI, "serve", "--port", "0", "--store", str(store)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def end(process: subprocess.Popen[str], sent: signal.Signals) -> None:
    process.send_signal(sent)
    process.communicate(timeout=20)


def batch(cycle: int, number: int) -> list[dict[str, Any]]:
    task = {"task_id": f"t{cycle}-{number % 5}", "task_run_id": "r", "project_id": "p"}
    made = [
        event("task_started", 1, **task),
        kind("llm_call", 2, data={"name": "n", "model": "gpt-4o", "tokens_in": 9, "cost": 0.001}, **task),
        event("approval_requested", 3, **task),
        kind("issue", 4, data={"severity": "low"}),
        event("task_completed", 5 + number, **task),
    ]
    return [one | {"event_id": f"{cycle}-{number}-{index}"} for index, one in enumerate(made)]


def test_sigterm_ends_cleanly_and_soon(tmp_path: Path) -> None:
    process, url = start(tmp_path / "s.db")
    pool = urllib3.PoolManager(retries=False, timeout=10)
    with pool.request("GET", f"{url}/v1/stream", headers=HEADERS, preload_content=False) as stream:
        assert stream.status == 200
        end(process, signal.SIGTERM)
    pool.clear()
    assert process.returncode in (0, -signal.SIGTERM)


def test_a_full_queue_asks_to_come_back(tmp_path: Path) -> None:
    with running(tmp_path / "s.db", limits=Limits(queue_batches=0)) as collector:
        answer = collector.send([event("heartbeat")])
        assert answer.status == 429
        assert answer.headers["Retry-After"] == "1"
        assert answer.json["details"] == {"retry_after_seconds": 1}
        assert collector.get("/v1/agents").status == 200


def test_a_store_that_cannot_be_written_gives_503_and_keeps_nothing(tmp_path: Path) -> None:
    with running(tmp_path / "s.db") as collector:
        collector.store([event("heartbeat")])
        writer = collector.services.store._writer._connection  # type: ignore[attr-defined]
        writer.execute("PRAGMA max_page_count = 1")
        big = [event("task_started", task_id=f"t{n}", payload={"x": "y" * 20_000}) for n in range(40)]
        refused = collector.send(big)
        assert refused.status == 503
        assert refused.json["error"] == "store_unavailable"
        assert collector.get("/v1/tasks").json["data"] == []
        writer.execute("PRAGMA max_page_count = 1000000")
        assert collector.store(big)["duplicates"] == 0


def test_verify_finds_a_changed_summary(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    with running(store) as collector:
        collector.store(batch(0, 0))
    assert not any(report.different for report in verify_store(store, lambda done: None)[1])
    import sqlite3

    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE tasks SET llm_calls = 7")
        connection.execute("DELETE FROM issues")
    connection.close()
    wrong = {
        report.table: report.different
        for report in verify_store(store, lambda done: None)[1]
        if report.different
    }
    assert wrong == {"tasks": 1, "issues": 1}
