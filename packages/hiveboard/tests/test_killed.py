"""The collector is killed in the middle of ingest again and again: nothing acknowledged is lost, nothing is stored twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3
from hiveboard.verify import verify_store

from .conftest import event, kind

#: How often it is killed: `make kill`.
KILLS = int(os.environ.get("HIVEBOARD_KILLS", "3"))
HEADERS = {"Authorization": "Bearer hb_live_x"}
CLI = [sys.executable, "-c", "from hiveboard.cli import main; main()"]
PATIENCE = 60
#: An agent at work until its standard input ends; then it says how many tasks it ran and whether all was delivered.
AGENT = """
import sys, threading, hiveloop
hb = hiveloop.init(api_key="hb_live_x", endpoint=sys.argv[1], flush_interval=0.05, batch_size=500)
agent = hb.agent("sdk", heartbeat_interval=0)
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
number = 0
while not over.wait(0.01):
    number += 1
    with agent.task(f"task-{number}", project="p") as task:
        with agent.track_context("step"):
            task.llm_call("n", model="gpt-4o", tokens_in=9, tokens_out=1, cost=0.001)
print(number, hiveloop.flush(50), flush=True)
hiveloop.shutdown()
"""


class Collector:
    """A collector in a process of its own, always at the same address."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._port = 0
        self.url = ""
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [*CLI, "serve", "--port", str(self._port), "--store", str(self._store)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        self._port = urlsplit(self.url).port or 0
        assert self._port, self.process.communicate()

    def end(self, sent: signal.Signals) -> None:
        self.process.send_signal(sent)
        self.process.communicate(timeout=20)


class RawClients(threading.Thread):
    """Sends one batch after the other, each until it is acknowledged."""

    def __init__(self, name: str, url: str, acknowledged: threading.Semaphore) -> None:
        super().__init__(name=name)
        self._url = url
        self._acknowledged = acknowledged
        self._over = threading.Event()
        self.sent: set[str] = set()
        self.refused: list[bytes] = []

    def run(self) -> None:
        pool = urllib3.PoolManager(retries=False, timeout=10)
        number = 0
        while not self._over.is_set():
            number += 1
            events = self._batch(number)
            self.sent.update(one["event_id"] for one in events)
            body = json.dumps({"envelope": {"agent_id": self.name}, "events": events}).encode()
            while not self._accepted(pool, body):
                self._over.wait(0.02)
            self._acknowledged.release()

    def _batch(self, number: int) -> list[dict[str, Any]]:
        task = {"task_id": f"{self.name}-{number % 50}", "task_run_id": "r", "project_id": "p"}
        made = [
            event("task_started", 1, payload={"session_id": f"s{number % 7}"}, **task),
            kind("llm_call", 2, data={"name": "n", "model": "gpt-4o", "tokens_in": 9, "cost": 0.001}, **task),
            event("approval_requested", 3, **task),
            kind("issue", 4, data={"severity": "low"}),
            kind("queue_snapshot", 5, data={"depth": number}),
            event("task_completed", 6 + number, **task),
        ]
        return [one | {"event_id": f"{self.name}-{number}-{index}"} for index, one in enumerate(made)]

    def _accepted(self, pool: urllib3.PoolManager, body: bytes) -> bool:
        try:
            answer = pool.request("POST", f"{self._url}/v1/ingest", body=body, headers=HEADERS)
        except urllib3.exceptions.HTTPError:
            return False
        if answer.status != 200:
            self.refused.append(answer.data)
        return answer.status == 200

    def stop(self) -> None:
        self._over.set()
        self.join(PATIENCE)
        assert not self.is_alive()


def disagreeing(store: Path) -> list[str]:
    return [report.table for report in verify_store(store, lambda done: None)[1] if report.different]


def exported(url: str) -> list[dict[str, Any]]:
    lines = urllib3.request("GET", f"{url}/v1/events/export", headers=HEADERS).data.splitlines()
    told: list[dict[str, Any]] = [json.loads(line) for line in lines]
    assert told[-1]["record"] == "end"
    return told[:-1]


@pytest.mark.slow
def test_a_collector_killed_during_ingest_loses_nothing_acknowledged(tmp_path: Path) -> None:
    store, acknowledged = tmp_path / "s.db", threading.Semaphore(0)
    collector = Collector(store)
    agent = subprocess.Popen(
        [sys.executable, "-c", AGENT, collector.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    senders = [RawClients(f"raw{number}", collector.url, acknowledged) for number in range(3)]
    for sender in senders:
        sender.start()
    for kill in range(KILLS):
        for _ in range(random.randint(20, 200)):
            assert acknowledged.acquire(timeout=PATIENCE)
        collector.end(signal.SIGKILL)
        assert disagreeing(store) == [], f"after kill {kill + 1}"
        collector.start()
    for sender in senders:
        sender.stop()
        assert sender.refused == []
    told, _ = agent.communicate(timeout=PATIENCE)
    tasks, delivered = told.split()
    assert delivered == "True"
    stored = exported(collector.url)
    collector.end(signal.SIGTERM)
    ids = [one["event_id"] for one in stored if one["agent_id"] != "sdk"]
    assert len(ids) == len(set(ids))
    assert set(ids) == set().union(*(sender.sent for sender in senders))
    assert len({one["event_id"] for one in stored}) == len(stored)
    ended = [
        one["task_id"] for one in stored if one["agent_id"] == "sdk" and one["event_type"] == "task_completed"
    ]
    assert sorted(ended) == sorted(f"task-{number + 1}" for number in range(int(tasks)))
    assert disagreeing(store) == []
