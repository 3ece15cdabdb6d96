"""The command line: help a newcomer understands, refusals that say what to do, the demo that checks itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hiveboard import __version__
from hiveboard.cli import app
from typer.testing import CliRunner

from .conftest import event, running

RUNNER = CliRunner()


@pytest.mark.parametrize(
    "command",
    [
        "serve",
        "demo",
        "keys",
        "doctor",
        "tail",
        "top",
        "runs",
        "diff",
        "export",
        "import",
        "verify",
        "rebuild",
    ],
)
def test_help_names_the_commands_and_their_options(command: str) -> None:
    top = RUNNER.invoke(app, ["--help"], env={"COLUMNS": "100"})
    assert top.exit_code == 0
    assert command in top.output
    own = RUNNER.invoke(app, [command, "--help"], env={"COLUMNS": "100"})
    assert own.exit_code == 0
    assert "--" in own.output


def test_the_version_is_told() -> None:
    result = RUNNER.invoke(app, ["--version"])
    assert result.output == f"hiveboard {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "--host", "0.0.0.0"], "--key"),
        (["serve", "--key", "secret"], "hb_live_"),
        (["serve", "--public-url", "nowhere"], "https://"),
        (["rebuild", "--store", "{tmp}/text.db"], "cannot rebuild"),
        (["serve", "--port", "0", "--prices", "/nowhere.json", "--store", "{tmp}/s.db"], "price file"),
        (["serve", "--port", "0", "--store", "{tmp}/none/s.db"], "store"),
        (["verify", "--store", "{tmp}/none.db"], "no store"),
        (["verify", "--store", "{tmp}/text.db"], "cannot read"),
    ],
)
def test_what_cannot_work_is_refused_with_a_reason(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "text.db").write_text("not a database " * 100)
    result = RUNNER.invoke(app, [argument.replace("{tmp}", str(tmp_path)) for argument in arguments])
    assert result.exit_code == 2, result.output
    assert said in result.output


def test_verify_passes_on_a_good_store_and_fails_on_a_changed_one(tmp_path: Path) -> None:
    import sqlite3

    store = tmp_path / "s.db"
    with running(store) as collector:
        collector.store([event("task_started", task_id="t"), event("task_completed", 5, task_id="t")])
    assert RUNNER.invoke(app, ["verify", "--store", str(store)]).exit_code == 0
    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE agents SET first_ts = 1")
    connection.close()
    result = RUNNER.invoke(app, ["verify", "--store", str(store)])
    assert result.exit_code == 1


def test_demo_once_reads_everything_back() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HIVEBOARD_")}
    command = [
        sys.executable,
        "-W",
        "error",
        "-c",
        "from hiveboard.cli import main; main()",
        "demo",
        "--once",
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=environment | {"COLUMNS": "120"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "refund-312" in done.stdout
    assert "missing" not in done.stdout


def test_a_taken_port_is_said_to_be_taken(tmp_path: Path) -> None:
    with running(tmp_path / "s.db") as collector:
        port = collector.url.rpartition(":")[2]
        result = RUNNER.invoke(app, ["serve", "--port", port, "--store", str(tmp_path / "o.db")])
    assert result.exit_code == 2
    assert "--port 0" in result.output
