"""Starting the collector: the address is printed when it works, and what cannot work touches nothing."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from hiveboard.cli import app, application
from hiveboard.store.sqlite_connect import APPLICATION_ID
from typer.testing import CliRunner

from .conftest import event, running

RUNNER = CliRunner()


def foreign(path: Path, version: int = 0, application: int = 0) -> bytes:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (title)")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute(f"PRAGMA application_id = {application}")
    connection.close()
    return path.read_bytes()


@pytest.mark.parametrize("command", ["serve", "verify"])
@pytest.mark.parametrize(("version", "application"), [(0, 0), (3, 0), (4, 0), (4, 0x0F055112), (99, 0)])
def test_the_database_of_another_program_is_refused_untouched(
    tmp_path: Path, command: str, version: int, application: int
) -> None:
    path = tmp_path / "places.db"
    before = foreign(path, version, application)
    more = ["--port", "0"] if command == "serve" else []
    result = RUNNER.invoke(app, [command, "--store", str(path), *more])
    assert result.exit_code == 2, result.output
    assert "another program" in result.output
    assert "http://" not in result.output, "nothing listens there"
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["places.db"]


def test_a_store_says_what_it_is(tmp_path: Path) -> None:
    with running(tmp_path / "s.db") as collector:
        collector.store([event("heartbeat")])
    connection = sqlite3.connect(tmp_path / "s.db")
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    connection.execute("PRAGMA user_version = 3")
    connection.close()
    for command in ("serve", "verify"):
        result = RUNNER.invoke(app, [command, "--store", str(tmp_path / "s.db"), *(["--port", "0"] if command == "serve" else [])])  # fmt: skip
        assert result.exit_code == 2
        assert "earlier HiveBoard" in result.output


@pytest.mark.parametrize(
    "store", ["postgresql://db/hive", "POSTGRES://x/y", "clickhouse://h", "file:///tmp/x", ""]
)
@pytest.mark.parametrize("command", ["serve", "verify"])
def test_a_store_that_is_not_there_yet_makes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = RUNNER.invoke(app, [command, "--store", store, *(["--port", "0"] if command == "serve" else [])])
    assert result.exit_code == 2, result.output
    assert ("SQLite" in result.output) is bool(store)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "trouble", [["--store", "{tmp}/none/s.db"], ["--prices", "{tmp}/none.json", "--store", "{tmp}/s.db"]]
)
def test_the_address_is_printed_only_when_everything_is_open(tmp_path: Path, trouble: list[str]) -> None:
    options = [option.replace("{tmp}", str(tmp_path)) for option in trouble]
    result = RUNNER.invoke(app, ["serve", "--port", "0", *options])
    assert result.exit_code == 2
    assert "http://" not in result.output


def test_whoever_reads_the_address_may_ask_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from hiveboard.cli import main; main()", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--store", str(tmp_path / "s.db")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert (tmp_path / "s.db").exists()
        ask = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
        with ask(f"{url}/health", timeout=20) as answer:
            assert answer.status == 200
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_a_command_imports_no_other_and_draws_nothing_beforehand() -> None:
    script = (
        "import sys; from hiveboard.cli import application; application(('serve',)); "
        "print(*(name for name in sys.modules if name.startswith('hiveboard.cli.') or name in "
        "('rich', 'rich.console', 'hiveboard.server', 'hiveloop', 'urllib3')))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["hiveboard.cli.terminal", "hiveboard.cli.serve"]


def test_every_command_can_be_had_alone() -> None:
    for name in ("serve", "keys", "import", "erase"):
        result = RUNNER.invoke(application((name,)), [name, "--help"])
        assert result.exit_code == 0, result.output
        assert RUNNER.invoke(app, [name, "--help"]).output == result.output
