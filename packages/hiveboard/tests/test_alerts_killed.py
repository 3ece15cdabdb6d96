"""After kill -9 no alert is lost, none is told anew, and what was pending goes out with its old id."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from .alert_endpoints import HttpEndpoint
from .conftest import recent
from .test_durability import HEADERS, end, start


@contextlib.contextmanager
def killed(store: Path) -> Iterator[str]:
    """The address of a collector that is killed in the end."""
    process, url = start(store)
    try:
        yield url
    finally:
        end(process, signal.SIGKILL)


def post(url: str, path: str, body: Any) -> Any:
    answer = urllib3.request(
        "POST", url + path, body=json.dumps(body).encode(), headers=HEADERS, retries=False
    )
    assert answer.status in (200, 201), answer.data
    return answer.json()


def fails(url: str, *task_ids: str) -> None:
    events = [recent("task_failed", task_id=one, task_run_id="r") for one in task_ids]
    post(url, "/v1/ingest", {"envelope": {"agent_id": "a"}, "events": events})


def until_noted(url: str) -> None:
    """Wait until the history says that everything was delivered."""
    until = time.monotonic() + 20
    while True:
        answer = urllib3.request("GET", f"{url}/v1/alerts/history", headers=HEADERS, retries=False).json()
        if all(one["status"] == "delivered" for one in answer["data"]):
            return
        assert time.monotonic() < until, answer
        time.sleep(0.02)


@pytest.mark.slow
def test_kill_9_loses_and_repeats_no_alert(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    with HttpEndpoint() as endpoint:
        endpoint.answers = [(200, {}), (503, {}), (200, {})]
        told = []
        with killed(store) as url:
            config = {"type": "webhook", "url": endpoint.url}
            made = post(url, "/v1/alerts/channels", {"name": "c", "channel": config})
            rule = {"name": "r", "condition": {"type": "task_failed"}, "cooldown_seconds": 0}
            post(url, "/v1/alerts/rules", rule | {"channels": [made["channel_id"]]})
            fails(url, "1")
            told.append(json.loads(endpoint.next().body))
            fails(url, "2")
            told.append(json.loads(endpoint.next().body))
            fails(url, "3")
        with killed(store) as url:
            told += [json.loads(endpoint.next().body) for _ in range(2)]
            # Killed between sending and noting it, the collector would have to send it again.
            until_noted(url)
        with killed(store) as url:
            fails(url, "4")
            told.append(json.loads(endpoint.next().body))
        assert endpoint.received.empty()
    ids: dict[str, set[str]] = {}
    for one in told:
        ids.setdefault(one["task_id"], set()).add(one["id"])
    assert {task: len(of) for task, of in ids.items()} == {"1": 1, "2": 1, "3": 1, "4": 1}
    assert sorted(one["task_id"] for one in told) == ["1", "2", "2", "3", "4"]
