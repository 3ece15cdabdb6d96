"""Code that agents write and run: exit codes, corrections, and the approval before it."""

from __future__ import annotations

from typing import Any

import hiveloop_autogen
import pytest
from autogen_agentchat.agents import ApprovalRequest, ApprovalResponse, CodeExecutorAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.code_executor import CodeResult
from autogen_core.models import ModelInfo
from hiveloop.testing.conformance import assert_catalogue, assert_closed

from .scripted import Scripted, calls, says, types
from .test_gate import CODE, Shell

pytestmark = pytest.mark.filterwarnings("ignore:No approval function set")


@pytest.fixture(autouse=True)
def _instrumented() -> None:
    hiveloop_autogen.instrument()


async def test_code_is_an_action_with_its_exit_code(hive: Any) -> None:
    shell = Shell(CodeResult(exit_code=0, output="hi"), CodeResult(exit_code=2, output="oops"))
    agent = CodeExecutorAgent("runner", shell)
    await RoundRobinGroupChat([agent], max_turns=1).run(task=CODE)
    await RoundRobinGroupChat([agent], max_turns=1).run(task=CODE)
    (ended,) = [e for e in hive.of_type("action_completed") if e["payload"]["action_name"] == "execute_code"]
    assert (ended["payload"]["exit_code"], ended["payload"]["result"]) == (0, "hi")
    (failed,) = hive.of_type("action_failed")
    assert failed["payload"]["exit_code"] == 2
    assert "oops" in failed["payload"]["exception_message"]
    assert not hive.of_type("task_failed")
    assert_closed(hive)


def _approve(request: ApprovalRequest) -> ApprovalResponse:
    return ApprovalResponse(approved=True, reason="harmless")


async def _refuse(request: ApprovalRequest) -> ApprovalResponse:
    return ApprovalResponse(approved=False, reason="not here")


def _lost(request: ApprovalRequest) -> ApprovalResponse:
    raise ConnectionError("nobody there")


@pytest.mark.parametrize(
    ("ask", "decision", "ran"), [(_approve, "approved", 1), (_refuse, "rejected", 0), (_lost, "error", 0)]
)
async def test_code_that_needs_an_approval(hive: Any, ask: Any, decision: str, ran: int) -> None:
    hiveloop_autogen.uninstrument()
    shell = Shell(CodeResult(exit_code=0, output="hi"))
    agent = CodeExecutorAgent("runner", shell, approval_func=ask)
    hiveloop_autogen.instrument()  # agents made before are covered too
    if decision == "error":
        with pytest.raises(ConnectionError):
            await agent.run(task=CODE)
    else:
        await agent.run(task=CODE)
    assert shell.ran == ran
    (asked,), (answered,) = hive.of_type("approval_requested"), hive.of_type("approval_received")
    assert "print('hi')" in asked["payload"]["data"]["code"]
    assert answered["payload"]["data"]["decision"] == decision
    assert answered["payload"]["data"]["approval_id"] == asked["payload"]["data"]["approval_id"]
    assert asked["action_id"] == answered["action_id"] == hive.of_type("action_started")[0]["action_id"]
    if decision == "rejected":
        (ended,) = hive.of_type("action_completed")
        assert ended["payload"]["outcome"] == "rejected"
        assert answered["payload"]["data"]["reason"] == "not here"
    assert agent._approval_func is ask
    assert_closed(hive)
    assert_catalogue(hive)


async def test_code_stays_here_without_content(hive: Any) -> None:
    hiveloop_autogen.instrument(capture_content=False)
    shell = Shell(CodeResult(exit_code=1, output="print went wrong"))
    await CodeExecutorAgent("runner", shell, approval_func=_approve).run(task=CODE)
    assert hive.of_type("approval_requested")
    assert b"print" not in hive.raw
    assert b"harmless" not in hive.raw


class Structured(Scripted):
    @property
    def model_info(self) -> ModelInfo:
        return {**super().model_info, "structured_output": True}


async def test_a_correction_is_a_retry(hive: Any) -> None:
    wrong, right = "```python\n1/0\n```", "```python\n1\n```"
    model = Structured(wrong, '{"reason": "divide by one", "retry": true}', right, "it is one", in_order=True)
    shell = Shell(CodeResult(exit_code=1, output="ZeroDivisionError"), CodeResult(exit_code=0, output="1"))
    agent = CodeExecutorAgent("runner", shell, model_client=model, max_retries_on_error=2)
    await agent.run(task="divide")
    (retry,) = hive.of_type("retry_started")
    assert retry["payload"]["data"]["attempt"] == 2
    assert retry["payload"]["data"]["function"] == "execute_code"
    assert "divide by one" in retry["payload"]["data"]["reason"]
    assert types(hive).count("action_failed") == 1
    assert types(hive).count("action_completed") == 1
    assert len(calls(hive)) == 4
    assert_closed(hive)


async def test_an_answer_without_code_runs_nothing(hive: Any) -> None:
    agent = CodeExecutorAgent("runner", Shell(), model_client=Scripted(says("no code needed")))
    await agent.run(task="hi")
    assert not hive.of_type("action_started")
    assert len(calls(hive)) == 1
