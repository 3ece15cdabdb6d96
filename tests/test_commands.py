"""The commands of the SDK against a real collector and on the examples, run as a reader would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.demo.collector import Collector, free_port
from tests.compat.api import Api

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[str]:
    with Collector(free_port(0), tmp_path) as running:
        yield running.url


def _hiveloop(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "HOME", "SYSTEMROOT") if key in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "hiveloop", *arguments],
        cwd=ROOT,
        env={**kept, "PYTHONIOENCODING": "utf-8", **variables},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_a_doctor_finds_nothing_wrong_and_its_event_arrives(collector: str) -> None:
    asked = _hiveloop("doctor", "--endpoint", collector)
    assert asked.returncode == 0, asked.stdout
    assert "✓ the collector accepts the key" in asked.stdout
    api = Api(collector, "hb_live_local")
    assert api.rows("agents") == []  # it only asked
    sent = _hiveloop("doctor", "--endpoint", collector, "--send")
    assert "✓ the collector took an event of the agent hiveloop-doctor" in sent.stdout
    assert sent.returncode == 0
    assert [row["agent_id"] for row in api.rows("agents")] == ["hiveloop-doctor"]


@pytest.mark.parametrize("example", ["plain_loop", "langchain_quickstart"])
def test_an_audited_example_sends_nothing(collector: str, example: str) -> None:
    done = _hiveloop("audit", "-m", f"examples.{example}", HIVELOOP_ENDPOINT=collector)
    assert done.returncode == 0, done.stderr
    assert "Sent." in done.stderr  # the example believes so
    events = [event for line in done.stdout.splitlines() for event in json.loads(line)["events"]]
    kinds = [event.get("payload", {}).get("kind") or event["event_type"] for event in events]
    assert kinds.count("llm_call") >= 2
    assert kinds.count("task_completed") == 1
    assert f"events:     {len(events)} in " in done.stderr
    assert Api(collector, "hb_live_local").rows("agents") == []
