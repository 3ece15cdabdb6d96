"""Commands that show: runs, diff, top, tail, against a real collector, also with text that means harm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hiveboard.cli import app
from hiveboard.cli.sse import messages
from typer.testing import CliRunner

from .conftest import Collector, event, kind, recent, running

RUNNER = CliRunner()
HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m[red]x[/red][/bogus] \u202egnp.exe\r\nsecond"
_MAIN = [sys.executable, "-W", "error", "-c", "from hiveboard.cli import main; main()"]


def run(collector: Collector, *arguments: str, **environment: str) -> Any:
    return RUNNER.invoke(
        app, [*arguments, "--url", collector.url], env={"COLUMNS": "200", "HIVEBOARD_KEY": "", **environment}
    )


def environment(**more: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("HIVEBOARD_")} | more


def require_harmless(text: str) -> None:
    assert not [char for char in text if ord(char) < 32 and char not in "\n\t"], repr(text)
    assert not set("\x7f\x9b\u202e") & set(text)


@pytest.fixture
def busy(collector: Collector) -> Collector:
    task = {"task_id": "t-1", "task_run_id": "r1", "task_type": "triage", "project_id": "p"}
    collector.store(
        [
            event("task_started", 0, payload={"user_id": "ann"}, **task),
            kind("llm_call", 5, data={"name": "n", "model": "m", "cost": 0.25, "tokens_in": 1200, "tokens_out": 34}, **task),
            event("action_started", 6, action_id="a", payload={"action_name": "search"}, **task),
            event("action_completed", 7, action_id="a", payload={"action_name": "search"}, **task),
            event("task_failed", 2000, duration_ms=2000, payload={"exception_type": "E", "exception_message": "no [x]"}, **task),
        ]
    )  # fmt: skip
    return collector


def test_runs_are_listed_filtered_and_told_to_programs(busy: Collector) -> None:
    busy.store([event("task_started", 9000, task_id="t-2", task_run_id="r")], agent_id="b")
    shown = run(busy, "runs")
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    assert [line.split()[3] for line in lines[1:]] == ["t-2", "t-1"]
    assert "$0.25" in lines[2]
    assert "1,234" in lines[2]
    assert "E: no [x]" in lines[2]
    rows = [
        json.loads(line) for line in run(busy, "runs", "--json", "--status", "failed").stdout.splitlines()
    ]
    assert [row["task_id"] for row in rows] == ["t-1"]
    for filters in (
        ["--agent", "b"],
        ["--sort", "newest", "--limit", "1"],
        ["--since", "2026-02-02T02:40:05Z"],
    ):
        assert [line.split()[3] for line in run(busy, "runs", *filters).stdout.splitlines()[1:]] == ["t-2"]
    assert "No run fits" in run(busy, "runs", "--user", "nobody").stdout
    assert run(busy, "runs", "--since", "1h").stdout.startswith("No run fits")


def test_many_runs_are_read_page_by_page(collector: Collector) -> None:
    for start in (0, 150, 300):
        collector.store([event("task_started", at, task_id=f"t{at}") for at in range(start, start + 150)])
    rows = [
        json.loads(line) for line in run(collector, "runs", "--json", "--limit", "430").stdout.splitlines()
    ]
    assert [row["task_id"] for row in rows] == [f"t{at}" for at in range(449, 19, -1)]


def test_wrong_options_are_refused_in_one_line(busy: Collector) -> None:
    for arguments, said in (
        (["runs", "--since", "soon"], "--since"),
        (["runs", "--sort", "best"], "sort"),
        (["tail", "--severity", "loud"], "--severity"),
        (["diff", "t-1", "none"], "no run"),
    ):
        result = run(busy, *arguments)
        assert result.exit_code == 2, result.output
        assert said in result.stderr
        assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", [["runs"], ["top"], ["tail"], ["diff", "a", "b"], ["export"]])
def test_no_collector_and_no_key_are_told_with_what_to_do(tmp_path: Path, command: list[str]) -> None:
    away = RUNNER.invoke(app, [*command, "--url", "http://127.0.0.1:9"], env={"HIVEBOARD_KEY": ""})
    assert away.exit_code in (1, 2)
    assert "hiveboard serve" in away.stderr
    assert len(away.stderr.splitlines()) == 1
    with running(tmp_path / "s.db", keys=("hb_live_secret",)) as collector:
        refused = run(collector, *command)
        assert refused.exit_code in (1, 2)
        assert "--key" in refused.stderr
        assert "known" in run(collector, *command, "--key", "hb_live_wrong").stderr
    assert "--url" in RUNNER.invoke(app, [*command, "--url", "nowhere"]).stderr


def test_two_runs_are_compared(busy: Collector) -> None:
    task = {"task_id": "t-1", "task_run_id": "r2"}
    busy.store([event("task_started", 5000, **task), event("action_started", 5001, action_id="a", payload={"action_name": "browse"}, **task), event("task_completed", 5002, **task)])  # fmt: skip
    shown = run(busy, "diff", "t-1:r1", "t-1:r2")
    assert shown.exit_code == 0, shown.output
    assert "+ action browse" in shown.stdout
    assert "- action search" in shown.stdout
    assert "failed" in shown.stdout
    markdown = run(busy, "diff", "t-1:r1", "t-1:r2", "--markdown").stdout
    assert "|" in markdown
    assert "browse" in markdown
    assert json.loads(run(busy, "diff", "t-1:r1", "t-1:r2", "--json").stdout)["identical"] is False


def test_the_fleet_is_shown_once_where_nobody_looks_at_a_terminal(collector: Collector) -> None:
    assert "No agent yet" in run(collector, "top").stdout
    collector.store([recent("task_started", task_id="t"), recent(payload={"kind": "queue_snapshot", "summary": "", "data": {"depth": 7}})])  # fmt: skip
    shown = run(collector, "top")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("1 agent, 1 at work, 0 need attention")
    row = shown.stdout.splitlines()[2].split()
    assert row[:3] == ["agent-1", "processing", "t"]
    assert "7" in row


def test_hostile_text_neither_commands_the_terminal_nor_is_markup(collector: Collector) -> None:
    task = {"task_id": HOSTILE, "task_run_id": HOSTILE, "task_type": HOSTILE}
    collector.store(
        [
            recent("task_started", **task),
            recent(
                "action_failed", action_id="a", payload={"action_name": HOSTILE, "error": HOSTILE}, **task
            ),
            recent("task_failed", payload={"exception_type": HOSTILE, "exception_message": HOSTILE}, **task),
        ],
        agent_id=HOSTILE,
    )
    for arguments in (
        ["runs"],
        ["runs", "--json"],
        ["top"],
        ["diff", HOSTILE, HOSTILE],
        ["diff", HOSTILE, HOSTILE, "--markdown"],
        ["diff", HOSTILE, HOSTILE, "--json"],
        ["doctor"],
    ):
        result = run(collector, *arguments)
        assert result.exit_code == 0, (arguments, result.output, result.exception)
        require_harmless(result.stdout)
        require_harmless(result.stderr)
    assert "[red]x[/red][/bogus]" in run(collector, "runs").stdout
    assert run(collector, "diff", HOSTILE + "?", HOSTILE).exit_code == 2


def follow(collector: Collector, *arguments: str) -> subprocess.Popen[str]:
    command = [*_MAIN, "tail", "--url", collector.url, *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", env=environment(PYTHONUTF8="1")
    )  # fmt: skip


def lines_of(process: subprocess.Popen[str], count: int) -> list[str]:
    """The next lines; whatever does not come within 20 seconds fails the test."""
    stop = threading.Timer(20, process.kill)
    stop.start()
    assert process.stdout is not None
    found = [process.stdout.readline().rstrip("\n") for _ in range(count)]
    stop.cancel()
    assert all(found), (found, process.stderr and process.stderr.read())
    return found


def await_followers(collector: Collector, process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    said = process.stderr.readline()
    assert "following" in said, said


def test_tail_follows_filters_and_comes_back(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    with running(store) as collector:
        collector.store([recent("task_started", task_id="before")])
        process = follow(collector, "--agent", "agent-1", "--severity", "info", "-n", "5")
        try:
            await_followers(collector, process)
            collector.store([recent("task_started", task_id="other")], agent_id="b")
            collector.store(
                [recent("task_failed", task_id="t", severity="error", payload={"exception_message": HOSTILE})]
            )
            first, second = lines_of(process, 2)
            assert first.endswith("agent-1 started task before  [before]")
            assert "agent-1 failed task t" in second
            require_harmless(second)
            assert process.poll() is None
        finally:
            process.kill()
            process.communicate()


def test_tail_goes_on_after_the_collector_was_away(tmp_path: Path) -> None:
    from hiveboard.instant import now_us
    from hiveboard.settings import Settings

    from .conftest import Collector as Made

    store = tmp_path / "s.db"
    first = Made(Settings(port=0, store=store), now_us, None)
    first.start()
    port = int(first.url.rpartition(":")[2])
    process = follow(first, "--json")
    try:
        await_followers(first, process)
        first.store([recent("task_started", task_id="one")])
        assert json.loads(lines_of(process, 1)[0])["task_id"] == "one"
        first.stop()
        second = Made(Settings(port=port, store=store), now_us, None)
        second.start()
        try:
            second.store([recent("task_started", task_id="two")])
            assert json.loads(lines_of(process, 1)[0])["task_id"] == "two"
        finally:
            second.stop()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "arguments",
    [["runs", "--limit", "400"], ["export"], ["tail", "-n", "400"], ["runs", "--json", "--limit", "400"]],
)
def test_a_reader_that_leaves_early_is_no_trouble(collector: Collector, arguments: list[str]) -> None:
    for start in (0, 200):
        collector.store(
            [event("task_started", at, task_id=f"t{at}" + "x" * 200) for at in range(start, start + 200)]
        )
    command = " ".join([*map(repr, _MAIN), *arguments, "--url", collector.url])
    done = subprocess.run(
        f"{command} | head -n 1", shell=True, capture_output=True, text=True, timeout=60, env=environment()
    )
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert "roken pipe" not in done.stderr


def test_colour_is_for_terminals_that_want_it(busy: Collector) -> None:
    assert "\x1b[" not in run(busy, "runs").stdout
    assert "\x1b[" in run(busy, "runs", FORCE_COLOR="1").stdout
    coloured = run(busy, "runs", FORCE_COLOR="1", NO_COLOR="1").stdout
    assert "\x1b[31m" not in coloured


def pieces(text: bytes, size: int) -> Iterator[bytes]:
    return (text[start : start + size] for start in range(0, len(text), size))


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_messages_are_read_whatever_pieces_they_come_in(size: int) -> None:
    sent = 'retry: 2000\n: hello\n\nid: 5\nevent: event.new\ndata: {"a":\ndata: "ü"}\r\n\ndata:x\n\nid: 9\n\n'.encode()
    found = [tuple(one) for one in messages(pieces(sent, size))]
    assert found == [("event.new", '{"a":\n"ü"}', "5"), ("message", "x", "5")]


def test_a_message_without_an_end_is_given_up() -> None:
    with pytest.raises(ValueError, match="without an end"):
        list(messages(b"x" * 1_000_000 for _ in range(9)))
