"""``hiveboard demo``: a collector with a small fleet at work in it, for a look around or (once) as a check."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import uvicorn
from rich.console import Console
from rich.table import Table

from hiveboard.instant import now_us, parse_instant
from hiveboard.server import bind, make_server, url_of
from hiveboard.settings import Settings

from .scenario import EXPECTED, Batch, history, one_run

__all__ = ["run_demo"]

_KEY = "hb_live_demo"
_START_SECONDS = 10.0
_PAUSE_SECONDS = 4.0


class _Client:
    """Just enough HTTP to send batches and read answers."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url, key
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def call(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        request = urllib.request.Request(self._url + path, data, headers)
        with self._open(request, timeout=30) as answer:
            return json.load(answer)


@contextlib.contextmanager
def _running(settings: Settings, listener: socket.socket) -> Iterator[uvicorn.Server]:
    server = make_server(settings)
    thread = threading.Thread(target=server.run, args=([listener],), name="hiveboard-demo", daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join(_START_SECONDS)


def run_demo(settings: Settings, *, once: bool, console: Console) -> bool:
    """Run the demo. Once: True when everything that was sent can be read back. Else until interrupted."""
    listener = bind(replace(settings, port=0) if once else settings)
    url = url_of(listener)
    with listener, _running(settings, listener):
        if not once:
            print(url, flush=True)  # noqa: T201 - the address is the first line, as `serve` has it
        client = _Client(url, settings.keys[0] if settings.keys else _KEY)
        for batch in history(now_us()):
            client.call("/v1/ingest", batch)
        table, missing = _read_back(client)
        console.print(table)
        for line in missing:
            console.print(f"[bold red]missing:[/] {line}")
        if not once:
            console.print("The fleet goes on working; Ctrl-C ends it.")
            _keep_working(client)
    return not missing


def _keep_working(client: _Client) -> None:
    chance = random.Random()
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            for batch in one_run(chance, now_us()):
                _wait_until(batch)
                client.call("/v1/ingest", batch)
            time.sleep(_PAUSE_SECONDS)


def _wait_until(batch: Batch) -> None:
    """Send a batch when its last event has happened, not before."""
    last = parse_instant(batch["events"][-1]["timestamp"]) or 0
    time.sleep(max(0.0, (last - now_us()) / 1e6))


def _read_back(client: _Client) -> tuple[Table, list[str]]:
    """A table of all runs as the API tells them, and what should be there and is not."""
    tasks = client.call("/v1/tasks?limit=200&sort=oldest")["data"]
    table = Table(
        "agent",
        "task",
        "status",
        "LLM calls",
        "tokens",
        "cost",
        "duration",
        title="Runs, read back from the API",
    )
    for task in tasks:
        cost, took = task["total_cost"], task["duration_ms"]
        tokens = (task["total_tokens_in"] or 0) + (task["total_tokens_out"] or 0)
        table.add_row(
            task["agent_id"],
            task["task_id"],
            task["derived_status"],
            str(task["llm_call_count"]),
            f"{tokens:,}",
            "unknown" if cost is None else f"~${cost:.4f}",
            "running" if took is None else f"{took / 1000:.1f} s",
        )
    return table, [*_missing_runs(client, tasks), *_missing_details(client, tasks)]


def _missing_runs(client: _Client, tasks: list[dict[str, Any]]) -> list[str]:
    agents = {agent["agent_id"]: agent for agent in client.call("/v1/agents?limit=200")["data"]}
    missing = []
    for agent_id, (status, count) in EXPECTED.items():
        found = agents.get(agent_id, {}).get("derived_status")
        runs = sum(task["agent_id"] == agent_id for task in tasks)
        if found != status:
            missing.append(f"{agent_id} should be {status}, is {found or 'not there'}")
        if runs < count:
            missing.append(f"{agent_id} should have {count} runs, has {runs}")
    missing += [f"{task['task_id']} has no cost" for task in tasks if task["total_cost"] is None]
    return missing


def _missing_details(client: _Client, tasks: list[dict[str, Any]]) -> list[str]:
    totals = client.call("/v1/pipeline")["totals"]
    checks = {
        "an open issue": totals["active_issues"] > 0,
        "a pending approval": totals["pending_approvals"] > 0,
        "a queue": totals["queue_depth"] > 0,
        "a retry": any(task["retry_count"] for task in tasks),
        "a failed run with its error": any(task["error"] for task in tasks),
    }
    planned = next((task["task_id"] for task in tasks if task["agent_id"] == "lead-qualifier"), None)
    if planned is not None:
        timeline = client.call(f"/v1/tasks/{planned}/timeline")
        checks["a plan"] = timeline["plan"] is not None
        checks["a model call inside a tool"] = any(node["llm_calls"] for node in timeline["action_tree"])
    return [name for name, found in checks.items() if not found]
