"""The demo, as `make demo` runs it: the check passes, notices what is missing, and both modes end cleanly."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from examples.demo.board import Board
from examples.demo.collector import CollectorError, free_port
from examples.demo.once import _money
from examples.demo.recorded_usage import RecordedUsage, read_usage
from examples.demo.scenarios import SCENARIOS
from examples.demo.traffic import Served
from examples.demo.verdict import judge

ROOT = Path(__file__).resolve().parents[1]
RUNS = [(scenario, case) for scenario in SCENARIOS for case in scenario.cases if case.once]


def _environment(home: Path) -> dict[str, str]:
    """A newcomer's: no keys, no settings, and a proxy that would swallow anything sent out."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    }


def _demo(home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "examples.demo", *arguments],
        cwd=ROOT,
        env=_environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_the_check_passes_and_shows_every_run(tmp_path: Path) -> None:
    demo = _demo(tmp_path, "--once", "--port", "0")
    output, _ = demo.communicate(timeout=60)
    assert demo.returncode == 0, output
    assert "Traceback" not in output
    rows = [line.split() for line in output.splitlines() if "$0." in line]
    shown = Counter((row[0], row[2], int(row[3])) for row in rows)
    assert shown == Counter(
        (s.worker.agent_id, case.status, sum(case.llm_calls.values())) for s, case in RUNS
    )
    assert f"all {len(RUNS)} runs" in output


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_check_passes_with_every_framework(tmp_path: Path) -> None:
    demo = _demo(tmp_path, "--once", "--port", "0", "--frameworks", "all")
    output, _ = demo.communicate(timeout=200)
    assert demo.returncode == 0, output
    assert f"all {len(RUNS) + 1} runs" in output
    assert "newsletter-yirgacheffe" in output


class _Forgetful(BaseHTTPRequestHandler):
    """A collector that accepts everything and remembers nothing."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        accepted = len(body["events"])
        self._send({"accepted": accepted, "rejected": 0, "duplicates": 0, "errors": [], "warnings": []})

    def do_GET(self) -> None:
        self._send({"data": [], "pagination": {"cursor": None, "has_more": False}})

    def _send(self, answer: dict[str, Any]) -> None:
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has left is no news."""


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = _QuietServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.slow
def test_missing_runs_make_the_check_fail(tmp_path: Path) -> None:
    with _serving(_Forgetful) as url:
        demo = _demo(tmp_path, "--once", "--endpoint", url)
        output, _ = demo.communicate(timeout=60)
    assert demo.returncode == 1, output
    assert output.count("missing") >= len(RUNS)
    for _, case in RUNS:
        assert re.search(f"✗ .*{case.session_id}.* the collector has 0", output), case.session_id


@pytest.mark.slow
def test_the_live_demo_works_until_ctrl_c(tmp_path: Path) -> None:
    demo = _demo(tmp_path, "--port", "0")
    output = cast("Any", demo.stdout)
    try:
        line = next(line for line in output if "http://127.0.0.1:" in line)
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found is not None
        _wait_for_tasks(found.group())
        demo.send_signal(signal.SIGINT)
        rest = output.read()
        assert demo.wait(timeout=20) == 0, rest
    finally:
        demo.kill()
        demo.wait()
        output.close()
    assert "Traceback" not in rest
    assert "crashed" not in rest
    assert "Stopping" in rest
    with pytest.raises(OSError, match="refused"):
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"{found.group()}/v1/health", timeout=5
        )


def _wait_for_tasks(url: str) -> None:
    board = Board(url, "hb_live_local")
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        if any(board.tasks(s.worker.agent_id, s.cases[0].session_id) for s in SCENARIOS):
            return
        time.sleep(0.1)
    raise AssertionError("no agent began a task")


def test_a_taken_port_gives_the_next_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        if port > 65_000:
            pytest.skip("no port above this one to choose")
        assert port < free_port(port) < port + 20


def test_a_collector_that_cannot_start_says_why(tmp_path: Path) -> None:
    from examples.demo.collector import Collector

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        collector = Collector(taken.getsockname()[1], folder=tmp_path)
        with pytest.raises(CollectorError, match="ended while starting"), collector:
            raise AssertionError("it started on a taken port")


class _FakeBoard(Board):
    """A board that answers with what a test gave it."""

    def __init__(self, row: dict[str, Any], timeline: dict[str, Any]) -> None:
        super().__init__("http://127.0.0.1:1", "hb_live_local")
        self.row, self.told = row, timeline

    def tasks(self, agent_id: str, session_id: str) -> list[dict[str, Any]]:
        return [self.row]

    def timeline(self, row: dict[str, Any]) -> dict[str, Any]:
        return self.told


LEAD, LEAD_CASE = SCENARIOS[0], SCENARIOS[0].cases[0]
SERVED = Served(answers=4, tokens_in=5312, tokens_out=197)


def _good_row() -> dict[str, Any]:
    return {
        "task_id": "t",
        "task_run_id": "r",
        "derived_status": "completed",
        "project_id": "sales",
        "llm_call_count": 4,
        "total_tokens_in": 5312,
        "total_tokens_out": 197,
        "retry_count": 0,
        "has_escalation": False,
        "has_human_intervention": False,
        "total_cost": 0.002,
        "duration_ms": 40,
    }


def _good_timeline() -> dict[str, Any]:
    tools = [_node(name.removeprefix("tools > ")) for name in LEAD_CASE.actions]
    tree = [_node("model", calls=4), _node("tools", *tools)]
    events = [{"agent_id": LEAD.worker.agent_id}]
    return {"action_tree": tree, "error_chains": [], "plan": None, "events": events}


def _node(name: str, *children: dict[str, Any], calls: int = 0) -> dict[str, Any]:
    return {"name": name, "llm_calls": [{}] * calls, "children": list(children)}


def test_a_right_run_has_no_problems() -> None:
    verdict = judge(_FakeBoard(_good_row(), _good_timeline()), LEAD, LEAD_CASE, SERVED)
    assert verdict.problems == []


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("derived_status", "processing"),
        ("project_id", None),
        ("llm_call_count", 5),
        ("total_tokens_in", 5311),
        ("total_tokens_out", None),
        ("retry_count", 1),
        ("has_escalation", True),
        ("has_human_intervention", True),
        ("total_cost", None),
        ("total_cost", 0),
        ("duration_ms", None),
    ],
)
def test_a_wrong_number_is_a_problem(field: str, wrong: Any) -> None:
    board = _FakeBoard({**_good_row(), field: wrong}, _good_timeline())
    verdict = judge(board, LEAD, LEAD_CASE, SERVED)
    assert len(verdict.problems) == 1
    assert verdict.problems[0].startswith(field)


def test_a_missing_action_or_nested_call_is_a_problem() -> None:
    timeline = _good_timeline()
    timeline["action_tree"][1]["children"].pop()
    timeline["action_tree"][0]["llm_calls"].pop()
    problems = judge(_FakeBoard(_good_row(), timeline), LEAD, LEAD_CASE, SERVED).problems
    assert any("send_email is missing" in problem for problem in problems)
    assert any(problem.startswith("LLM calls are made in {'model': 3}") for problem in problems)


@pytest.mark.parametrize(("scenario", "case"), RUNS, ids=lambda given: getattr(given, "name", ""))
def test_the_right_names_in_the_wrong_places_are_problems(scenario: Any, case: Any) -> None:
    """Everything is there, but flat: all model calls in one action, nobody else took part, nobody was asked."""
    names = [path.rpartition(" > ")[2] for path in (*case.actions, *case.llm_calls)]
    calls = sum(case.llm_calls.values())
    tree = [_node(names[0], calls=calls), *map(_node, names[1:])]
    timeline = {
        "action_tree": tree,
        "error_chains": [case.error],
        "plan": {"steps": [{"action": "completed"}] * case.plan_steps},
        "events": [{"agent_id": scenario.worker.agent_id}],
    }
    row = {
        **_good_row(),
        "derived_status": case.status,
        "project_id": scenario.worker.project,
        "llm_call_count": calls,
        "retry_count": case.retries,
    }
    problems = judge(_FakeBoard(row, timeline), scenario, case, SERVED).problems
    assert any(problem.startswith("LLM calls are made in") for problem in problems)
    assert any("has_escalation" in problem for problem in problems) is case.escalates
    assert any("has_human_intervention" in problem for problem in problems) is case.asks_people
    assert any(problem.startswith("the agents are") for problem in problems) is bool(case.agents)


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ([], "detector cycle does not say"),
        ([{"detector": "cycle", "message": "something else"}], "detector cycle does not say"),
        ([{"detector": "budget", "message": "spent"}], "detectors told"),
    ],
)
def test_what_detectors_did_not_find_or_should_not_have_is_a_problem(
    found: list[dict[str, Any]], problem: str
) -> None:
    (scenario,) = (scenario for scenario in SCENARIOS if scenario.worker.agent_id == "shelf-audit")
    timeline = _good_timeline()
    timeline["events"] += [
        {"agent_id": "shelf-audit", "payload": {"kind": "anomaly", "data": data}} for data in found
    ]
    problems = judge(_FakeBoard(_good_row(), timeline), scenario, scenario.cases[0], SERVED).problems
    assert any(one.startswith(problem) for one in problems)


def test_an_agent_that_took_no_part_is_a_problem() -> None:
    timeline = _good_timeline()
    timeline["events"].append({"agent_id": "somebody else"})
    (problem,) = judge(_FakeBoard(_good_row(), timeline), LEAD, LEAD_CASE, SERVED).problems
    assert problem.startswith("the agents are")


@pytest.mark.parametrize(
    ("body", "usage"),
    [
        (b'{"usage": {"prompt_tokens": 3, "completion_tokens": 2}}', RecordedUsage(3, 2)),
        (
            b'{"usage": {"input_tokens": 3, "output_tokens": 2, "cache_read_input_tokens": 5}}',
            RecordedUsage(8, 2),
        ),
        (
            b'data: {"usage": null}\n\ndata: {"usage": {"prompt_tokens": 3, "completion_tokens": 2}}\n\ndata: [DONE]\n',
            RecordedUsage(3, 2),
        ),
        (
            b'event: x\ndata: {"response": {"usage": {"input_tokens": 3, "output_tokens": 2}}}\n',
            RecordedUsage(3, 2),
        ),
        (b'{"error": {"message": "no"}}', None),
    ],
)
def test_recorded_usage_of_each_dialect(body: bytes, usage: RecordedUsage | None) -> None:
    assert read_usage(body) == usage


def _is_up(url: str) -> bool:
    return Board(url, "hb_live_local").is_up()


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGHUP, signal.SIGKILL], ids=["the terminal is closed", "killed"])
def test_the_collector_ends_however_the_demo_ends(tmp_path: Path, ending: signal.Signals) -> None:
    demo = _demo(tmp_path, "--port", "0")
    output = cast("Any", demo.stdout)
    try:
        line = next(line for line in output if "http://127.0.0.1:" in line)
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found is not None
        assert _is_up(found.group())
        demo.send_signal(ending)
        demo.wait(timeout=20)
        give_up = time.monotonic() + 20
        while _is_up(found.group()):
            assert time.monotonic() < give_up, "the collector is still there"
            time.sleep(0.05)
    finally:
        demo.kill()
        demo.wait()
        output.close()


@pytest.mark.parametrize(
    ("dollars", "estimated", "shown"),
    [
        (None, False, "-"), (0.0, True, "$0"), (12.345, False, "$12.35"), (0.5, True, "~$0.50"),
        (0.0123456, True, "~$0.0123"), (0.00050012, False, "$0.0005"), (1234.5, True, "~$1,234.50"), (0.999, False, "$1.00"),
    ],
)  # fmt: skip
def test_money_has_the_digits_the_page_shows(dollars: float | None, estimated: bool, shown: str) -> None:
    assert _money(dollars, estimated=estimated) == shown
