"""The public surface, as a snapshot: a name that comes or goes is a decision, not an accident."""

from __future__ import annotations

import subprocess
import sys

import hiveloop

PUBLIC = [
    "Action",
    "AdapterUnavailable",
    "Agent",
    "Decision",
    "HiveBoard",
    "HiveLoopConfigError",
    "HiveLoopError",
    "Intervention",
    "SDK_VERSION",
    "Task",
    "__version__",
    "agent",
    "current_action",
    "current_agent",
    "current_task",
    "flush",
    "init",
    "instrument",
    "propagate",
    "reset",
    "shutdown",
    "tool_payload",
    "track",
]


def public_methods(cls: type) -> list[str]:
    return sorted(name for name in dir(cls) if not name.startswith("_") and callable(getattr(cls, name)))


def test_module() -> None:
    assert sorted(hiveloop.__all__) == PUBLIC
    assert all(getattr(hiveloop, name) is not None for name in PUBLIC)


def test_handles() -> None:
    assert set(public_methods(hiveloop.Task)) >= {
        "approval_received",
        "complete",
        "escalate",
        "event",
        "fail",
        "llm_call",
        "plan",
        "plan_step",
        "request_approval",
        "retry",
        "set_payload",
        "wait_for_approval",
        "wait_for_approval_async",
    }
    assert set(public_methods(hiveloop.Agent)) >= {
        "event",
        "llm_call",
        "queue_snapshot",
        "report_issue",
        "resolve_issue",
        "scheduled",
        "start_task",
        "task",
        "todo",
        "track",
        "track_context",
    }


def test_every_public_callable_is_documented() -> None:
    for holder in (hiveloop.Task, hiveloop.Agent, hiveloop.Action, hiveloop.HiveBoard):
        for name in public_methods(holder):
            assert getattr(holder, name).__doc__, f"{holder.__name__}.{name}"


def test_import_loads_neither_http_client_nor_asyncio_nor_a_framework() -> None:
    code = (
        "import sys, hiveloop;"
        "heavy = {'urllib3', 'asyncio', 'ssl', 'langchain_core', 'pytest'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_tool_payload_of_the_manual() -> None:
    class Result:
        def __str__(self) -> str:
            return "r" * 2000

    payload = hiveloop.tool_payload(
        args={"q": "x" * 600, "n": 3},
        result=Result(),
        success=False,
        error="timeout",
        tool_category="crm",
        http_status=504,
        result_size_bytes=2000,
        duration_ms=12.4,
    )
    assert len(payload["args"]["q"]) == 500
    assert payload["args"]["n"] == 3
    assert len(payload["result"]) == 1000
    assert payload["result"].endswith("chars]")
    del payload["args"], payload["result"]
    assert payload == {
        "success": False,
        "error": "timeout",
        "duration_ms": 12,
        "tool_category": "crm",
        "http_status": 504,
        "result_size_bytes": 2000,
    }
    assert hiveloop.tool_payload() == {"success": True}
    assert hiveloop.tool_payload(args={"q": "abcdef"}, args_max_len=3)["args"]["q"].startswith("…")


def test_tool_payload_survives_what_cannot_be_shown() -> None:
    class Ugly:
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert hiveloop.tool_payload(args={"x": Ugly()}, result=Ugly()) == {
        "args": {"x": "<Ugly>"},
        "result": "<Ugly>",
        "success": True,
    }


def test_tool_payload_of_a_structure_that_shares_its_parts_ends() -> None:
    shared: list[object] = ["x"]
    for _ in range(60):
        shared = [shared, shared]
    payload = hiveloop.tool_payload(args={"tree": shared}, result=shared)
    assert len(payload["result"]) <= 1000
    assert len(payload["args"]["tree"]) <= 500
