"""Latency of each query endpoint over HTTP."""

from __future__ import annotations

import http.client
import json
import statistics
import time
from urllib.parse import quote

from benchmarks.collector_process import KEY, CollectorProcess
from benchmarks.collector_traffic import BATCH, agent_of, task_id
from benchmarks.table import figure, notes, show

__all__ = ["print_queries"]

_HEADERS = {"Authorization": f"Bearer {KEY}"}
_WARM_UP = 3
_TIMELINE = "timeline of one task"


def _addresses(stored: int) -> dict[str, str]:
    middle = stored // BATCH // 2
    agent, task = agent_of(middle), task_id(middle, 12)
    return {
        "fleet": "/v1/agents",
        "one agent": f"/v1/agents/{agent}",
        "one agent's pipeline": f"/v1/agents/{agent}/pipeline",
        "pipeline": "/v1/pipeline",
        "task list": "/v1/tasks?limit=50",
        "task list, one agent, failed": f"/v1/tasks?agent_id={agent}&status=failed&limit=50",
        "task list, most expensive": "/v1/tasks?sort=cost&limit=50",
        "task list, search": "/v1/tasks?q=refund&limit=50",
        _TIMELINE: f"/v1/tasks/{task}/timeline",
        "activity": "/v1/events?limit=50&exclude_heartbeats=true",
        "activity, failures": "/v1/events?event_type=task_failed,action_failed&limit=50",
        "activity, one kind, one agent": f"/v1/events?payload_kind=issue&agent_id={agent}&limit=50",
        "costs, 24 h": "/v1/cost?range=24h",
        "costs, 7 d": "/v1/cost?range=7d",
        "cost over time, 7 d": "/v1/cost/timeseries?range=7d",
        "LLM calls": "/v1/llm-calls?limit=50",
        "LLM calls, one model": "/v1/llm-calls?model=gpt-4o&limit=50",
        "metrics, 24 h": "/v1/metrics?range=24h",
        "metrics, 7 d by agent": "/v1/metrics?range=7d&group_by=agent",
        "issues": "/v1/issues?limit=50",
        "approvals": "/v1/approvals?limit=50",
        "sessions": "/v1/sessions?limit=50",
        "insights, 24 h": "/v1/insights?range=24h",
        "findings": "/v1/findings",
        "projects": "/v1/projects",
        "health": "/v1/health",
    }


def print_queries(collector: CollectorProcess, stored: int, requests: int) -> None:
    """Time every endpoint, one request at a time, endpoints taking turns; slowest first."""
    connection = http.client.HTTPConnection(collector.address, timeout=120)
    addresses = _addresses(stored)
    # Pages further back are asked for as a reader would: by the cursor of the page before.
    for name in ("task list", "activity"):
        addresses[f"{name}, page 5"] = _fifth_page(connection, addresses[name])
    taken: dict[str, list[float]] = {name: [] for name in addresses}
    sizes: dict[str, int] = {}
    for number in range(-_WARM_UP, requests):
        for name, address in addresses.items():
            seconds, sizes[name] = _get(connection, address)
            if number >= 0:
                taken[name].append(seconds * 1e3)
    connection.close()
    rows = [
        [
            name,
            figure(statistics.median(values)),
            figure(_p95(values)),
            figure(sizes[name] / 1_000),
            _target(name),
        ]
        for name, values in sorted(taken.items(), key=lambda item: -_p95(item[1]))
    ]
    show(
        f"Queries over HTTP with {stored:,} events stored",
        ["query", "p50 ms", "p95 ms", "answer kB", "target p95"],
        rows,
    )
    notes(
        f"{requests} requests each, one at a time over one connection, endpoints taking turns, after {_WARM_UP} to warm up;"
        " wall time to the last byte. Nothing is ingested meanwhile.",
    )


def _target(name: str) -> str:
    return "≤ 15" if name == _TIMELINE else "≤ 40"


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def _get(connection: http.client.HTTPConnection, address: str) -> tuple[float, int]:
    status, seconds, body = _exchange(connection, address)
    if status != 200:
        raise RuntimeError(f"{address}: {status} {body[:200]!r}")
    return seconds, len(body)


def _exchange(connection: http.client.HTTPConnection, address: str) -> tuple[int, float, bytes]:
    started = time.perf_counter()
    connection.request("GET", address, headers=_HEADERS)
    answer = connection.getresponse()
    body = answer.read()
    return answer.status, time.perf_counter() - started, body


def _fifth_page(connection: http.client.HTTPConnection, address: str) -> str:
    page = address
    for _ in range(4):
        cursor = json.loads(_exchange(connection, page)[2])["pagination"]["cursor"]
        if cursor is None:
            break
        page = f"{address}&cursor={quote(cursor)}"
    return page
