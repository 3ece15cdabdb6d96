"""Events out of one collector and into another: nothing is lost, doubled or changed on the way."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hiveboard.cli import app
from hiveboard.verify import verify_store
from typer.testing import CliRunner

from .conftest import TEST, Collector, event, kind, running
from .listing import pages

RUNNER = CliRunner()


def now() -> int:
    """A moment shortly after all events, which does not pass: what is told twice is told alike."""
    return 1_770_000_100_000_000


def run(collector: Collector, *arguments: str, **more: Any) -> Any:
    return RUNNER.invoke(app, [*arguments, "--url", collector.url], env={"HIVEBOARD_KEY": ""}, **more)


def told(collector: Collector) -> dict[str, Any]:
    """Everything the API says."""
    lists = {
        "tasks": {},
        "sessions": {},
        "agents": {},
        "projects": {},
        "events": {"exclude_heartbeats": "false"},
    }
    rows: dict[str, Any] = {name: pages(collector, f"/v1/{name}", **params) for name, params in lists.items()}
    return rows | {
        "cost": collector.get("/v1/cost", range="30d").json,
        "pipeline": collector.get("/v1/pipeline").json,
    }


def fill(collector: Collector) -> None:
    """Two agents, one of which changes its version and place; every kind of event the summaries know."""
    for number in range(60):
        task = {
            "task_id": f"t{number % 40}",
            "task_run_id": f"r{number // 40}",
            "task_type": "x",
            "project_id": f"p{number % 3}",
        }
        at = number * 1000
        batch = [
            event("task_started", at, payload={"session_id": f"s{number % 5}", "user_id": "ann"}, **task),
            kind(
                "llm_call",
                at + 1,
                data={"name": "n", "model": "gpt-4o-mini", "tokens_in": 1000, "tokens_out": 5},
                **task,
            ),
            kind("llm_call", at + 2, data={"name": "n", "model": "own", "cost": 0.1 + number / 7}, **task),
            event("action_started", at + 3, action_id="a", payload={"action_name": "search"}, **task),
            event(
                "action_failed",
                at + 4,
                action_id="a",
                parent_action_id="b",
                payload={"action_name": "search", "error": "x"},
                **task,
            ),
            kind("issue", at + 5, summary="CRM 403", data={"severity": "high"}, **task),
            kind("queue_snapshot", at + 6, data={"depth": number}),
            event("approval_requested", at + 7, payload={"approval_id": f"x{number}"}, **task),
            event("heartbeat", at + 8, payload={"n": number, "tiny": 1e-7, "long": "ü\u2028" * 50}),
            event("retry_started", at + 9, severity="error", correlation_id="c", **task),
        ]
        if number % 2:
            batch.append(
                event("task_failed", at + 20, duration_ms=20, payload={"exception_type": "E"}, **task)
            )
        body = json.dumps(
            {
                "envelope": {
                    "agent_id": f"agent-{number % 2}",
                    "agent_version": f"{number // 20}",
                    "framework": "f",
                    "environment": "staging" if number > 30 else "production",
                },
                "events": batch,
            },
            indent=1,
        )
        answer = collector.request(
            "POST", "/v1/ingest", body.encode(), X_HiveLoop_Client=f"proc-{number // 30}:{number}"
        )
        assert answer.status == 200, answer.raw


def require_equal_summaries(store: Path) -> None:
    _, reports = verify_store(store, lambda done: None)
    assert [report.table for report in reports if report.different] == []


def test_export_import_verify_round_trip(tmp_path: Path) -> None:
    lines = tmp_path / "e.jsonl"
    with running(tmp_path / "a.db", clock=now) as first, running(tmp_path / "b.db", clock=now) as second:
        fill(first)
        exported = run(first, "export", "--runs", "--output", str(lines))
        assert exported.exit_code == 0, exported.output
        assert "exported 630 events and 60 runs" in exported.stderr
        imported = run(second, "import", str(lines))
        assert imported.exit_code == 0, imported.output
        assert "imported 630 events, 60 runs left out" in imported.stderr
        assert told(second) == told(first)
        again = run(second, "import", str(lines))
        assert "imported 0 events, 630 were there already" in again.stderr
        assert told(second) == told(first)

        def lines_of(collector: Collector) -> list[dict[str, Any]]:
            made = [json.loads(line) for line in run(collector, "export", "-q").stdout.split("\n")[:-1]]
            return [
                {name: value for name, value in line.items() if name not in ("received_at", "seq")}
                for line in made
            ]

        def key(line: dict[str, Any]) -> str:
            return str(line["event_id"])

        assert sorted(lines_of(first), key=key) == sorted(lines_of(second), key=key)
    for name in ("a.db", "b.db"):
        require_equal_summaries(tmp_path / name)


def test_an_export_is_limited_to_what_was_asked_for(tmp_path: Path) -> None:
    with running(tmp_path / "a.db", clock=now) as collector:
        fill(collector)

        def exported(*arguments: str) -> list[dict[str, Any]]:
            result = run(collector, "export", "-q", *arguments)
            assert result.exit_code == 0, result.output
            assert result.stderr == ""
            return [json.loads(line) for line in result.stdout.split("\n")[:-1]]

        assert {line["project_id"] for line in exported("--project", "p1")} == {"p1"}
        late = exported("--since", "2026-02-02T02:40:50Z", "--until", "2026-02-02T02:40:51Z")
        assert {line["timestamp"][:19] for line in late} == {"2026-02-02T02:40:50"}
        assert {line["record"] for line in exported("--no-events", "--runs")} == {"run"}
        assert exported("--project", "none") == []
        assert [line["seq"] for line in exported()] == list(range(1, 631))
        assert run(collector, "export", "--no-events").exit_code == 2


def test_runs_and_events_become_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    with running(tmp_path / "a.db", clock=now) as collector:
        fill(collector)
        events, runs = tmp_path / "e.parquet", tmp_path / "r.parquet"
        assert run(collector, "export", "--format", "parquet", "-o", str(events)).exit_code == 0
        assert (
            run(
                collector, "export", "--format", "parquet", "--no-events", "--runs", "-o", str(runs)
            ).exit_code
            == 0
        )
        table = parquet.read_table(events)
        assert table.num_rows == 630
        assert str(table.schema.field("timestamp").type) == "timestamp[us, tz=UTC]"
        assert json.loads(table.column("payload")[1].as_py())["kind"] == "llm_call"
        costs = [value for value in table.column("cost").to_pylist() if value is not None]
        assert sum(costs) == pytest.approx(sum(row["total_cost"] for row in pages(collector, "/v1/tasks")))
        assert parquet.read_table(runs).num_rows == 60
        for wrong in (["--runs", "-o", str(runs)], []):
            assert run(collector, "export", "--format", "parquet", *wrong).exit_code == 2


def test_an_export_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    to = tmp_path / "e.jsonl"
    to.write_text("what was there before")
    with running(tmp_path / "a.db", clock=now) as collector:
        fill(collector)

        async def fails(*arguments: Any) -> Any:
            from hiveboard.store import StoreFailedError

            raise StoreFailedError("gone")

        collector.services.store.events_after = fails  # type: ignore[method-assign]
        result = run(collector, "export", "-o", str(to))
    assert result.exit_code == 1
    assert "broke off" in result.stderr
    assert to.read_text() == "what was there before"
    assert list(tmp_path.glob("*.part")) == []


def test_lines_that_hold_no_event_are_told_and_the_others_stored(
    collector: Collector, tmp_path: Path
) -> None:
    good = event("task_started", task_id="t", agent_id="a")
    wrong = event("no_such_type", agent_id="a")
    lines = [
        "not json",
        "[1]",
        json.dumps({"event_id": "x"}),
        "",
        json.dumps(wrong),
        json.dumps(good),
        '{"a":' * 5000,
    ]
    source = tmp_path / "lines.jsonl"
    source.write_text("\n".join(lines), encoding="utf-8")
    result = run(collector, "import", str(source))
    assert result.exit_code == 1
    assert "imported 1 events, 1 refused, 4 unreadable lines" in result.stderr
    assert "line 2 holds no event" in result.stderr
    assert "unknown event_type" in result.stderr
    assert [row["task_id"] for row in collector.get("/v1/tasks").json["data"]] == ["t"]
    assert run(collector, "import", str(tmp_path / "none")).exit_code == 2


def test_events_are_read_from_standard_input_into_the_keys_own_namespace(collector: Collector) -> None:
    made = b"".join(
        json.dumps(event(agent_id=f"a{n % 7}", payload={"x": "y" * 9000})).encode() + b"\n"
        for n in range(300)
    )
    result = run(collector, "import", "-", "--key", TEST, input=made)
    assert result.exit_code == 0, result.output
    assert "imported 300 events" in result.stderr
    assert len(collector.get("/v1/agents", key=TEST).json["data"]) == 7
    assert collector.get("/v1/agents").json["data"] == []


def test_a_read_key_cannot_import(tmp_path: Path) -> None:
    source = tmp_path / "e.jsonl"
    source.write_text(json.dumps(event(agent_id="a")))
    with running(tmp_path / "s.db", keys=("hb_read_one",)) as collector:
        result = run(collector, "import", str(source), "--key", "hb_read_one")
    assert result.exit_code == 1
    assert "hb_read_" in result.stderr


def test_rebuild_repairs_what_verify_finds(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    arguments = ["--store", str(store)]
    with running(store, clock=now) as collector:
        fill(collector)
        before = told(collector)
        refused = RUNNER.invoke(app, ["rebuild", *arguments])
        assert refused.exit_code == 2
        assert "has it open" in refused.stderr
        assert told(collector) == before
    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE tasks SET errors = errors + 1, session_id = 'wrong'")
        connection.execute("DELETE FROM session_parts")
        connection.execute("UPDATE llm_usage SET calls = 0")
        connection.execute("INSERT INTO projects VALUES ('default', 'ghost', 'a', 1, 1, 1)")
        connection.execute("DROP TABLE issues")
        connection.execute("CREATE TABLE issues_gone (x)")
    connection.close()
    rebuilt = RUNNER.invoke(app, ["rebuild", *arguments])
    assert rebuilt.exit_code == 0, rebuilt.output
    assert "630 events" in rebuilt.stderr
    verified = RUNNER.invoke(app, ["verify", *arguments])
    assert verified.exit_code == 0, verified.output
    with running(store, clock=now) as collector:
        assert told(collector) == before


def test_rebuild_refuses_what_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database " * 200)
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE mine (x)")
    other.commit()
    other.close()
    for name in ("text.db", "other.db", "none.db"):
        result = RUNNER.invoke(app, ["rebuild", "--store", str(tmp_path / name)])
        assert result.exit_code == 2, result.output
    assert not (tmp_path / "none.db").exists()
