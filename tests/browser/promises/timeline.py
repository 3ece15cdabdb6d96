"""What a reader sees of one run: nodes, plan, details, the task table."""

from __future__ import annotations

from .row import Promise

__all__ = ["PROMISES"]

_TURNS, _CRM, _NEST = "#/run/task-lead-4801", "#/run/task-goes-on", "#/run/task-123"
_TREE, _RUN = "test_run.py::test_llm_calls_nest_under_their_action", "test_run.py"
_INSIDE = '.wf-row[aria-level="{}"]'.format


def _row(kind: str, label: str, level: int = 1) -> str:
    return f"{_INSIDE(level)}.kind-{kind}:has(.wf-label:text-is('{label}'))"


def _tasks(task: str, cell: str) -> str:
    return f".tt-row:has(.id:text-is('{task}')) .tt-{cell}"


PROMISES = (
    Promise("000 §3", "each tool is an action node with its own name", _TURNS, _row("action", "crm_search")),
    Promise("000 §5.2", "action nodes are blue", _TURNS, f"{_row('action', 'score_lead')} .fill-tool"),
    Promise("000 §5.2", "LLM nodes are purple", _TURNS, f"{_row('llm', 'phase1_reasoning')} .fill-llm"),
    Promise("000 §5.2", "a completed task is green", _TURNS, ".run-title .status.tone-good", "Completed"),
    Promise(
        "000 §3", "each node has its duration", _TURNS, f"{_row('llm', 'phase1_reasoning')} .wf-took", "3.1 s"
    ),
    Promise(
        "000 §5.1",
        "tools stand between the LLM calls in order",
        by="test_promises.py::test_turns_stand_in_order",
    ),
    Promise("000 §5.1", "the head tells task, agent, status", _TURNS, ".run-facts", "lead-qualifier"),
    Promise(
        "000 §5.1", "the head counts the LLM calls", _TURNS, ".run-facts .fact:has-text('LLM calls')", "3"
    ),
    Promise(
        "000 §5.3",
        "a click on a tool shows its arguments",
        _TURNS,
        ".detail",
        "Acme Corp",
        f"{_row('action', 'crm_search')} .wf-label",
    ),
    Promise(
        "000 §5.3",
        "a click on a tool shows its result",
        _TURNS,
        ".detail",
        "jane@acme.com",
        f"{_row('action', 'crm_search')} .wf-label",
    ),
    Promise(
        "000 §5.3",
        "a click on a tool shows success",
        _TURNS,
        ".detail",
        '"success": true',
        f"{_row('action', 'crm_search')} .wf-label",
    ),
    Promise(
        "000 §5.3",
        "a click on a tool shows status and duration",
        _TURNS,
        ".detail .facts",
        "Completed",
        f"{_row('action', 'crm_search')} .wf-label",
    ),
    Promise(
        "002 2b",
        "tool_payload shows category and HTTP status",
        _TURNS,
        ".detail",
        '"http_status": 200',
        f"{_row('action', 'crm_search')} .wf-label",
    ),
    Promise(
        "000 §7.1",
        "set_payload data stands in the detail",
        _TURNS,
        ".detail",
        "agent_decision",
        f"{_row('action', 'send_email')} .wf-label",
    ),
    Promise(
        "000 §5.4",
        "a failed tool is a red node",
        _CRM,
        f"{_row('action', 'crm_search')}.state-failed .fill-bad",
    ),
    Promise(
        "000 §5.4",
        "a failed tool says type and message on the node",
        _CRM,
        ".wf-error",
        "ConnectionError: CRM API timeout after 5000ms",
    ),
    Promise(
        "000 §5.4",
        "a click on a failed tool shows the exception",
        _CRM,
        ".detail .block",
        "CRM API timeout",
        f"{_row('action', 'crm_search')} .wf-label",
    ),
    Promise("001 §8.7", "the run goes on after a caught failure", _CRM, ".run-title", "Completed"),
    Promise("000 §12.5", "each attempt is a node of its own", _CRM, _row("action", "crm_search_attempt_2")),
    Promise(
        "001 §5.3",
        "a failed task says why",
        "#/run/task-breaks",
        ".run-error",
        "PermissionError: 403 for workspace queries",
    ),
    Promise(
        "002 1",
        "a task failed by hand says why",
        "#/run/task-by-hand",
        ".run-error",
        "LookupError: no such record",
    ),
    Promise(
        "000 §11.3",
        "an error returned by a tool stands in its detail",
        "#/run/task-by-hand",
        ".detail",
        "404 Not Found",
        f"{_row('action', 'fetch_record')} .wf-label",
    ),
    Promise("000 §5.6", "a turn without tools is an LLM node alone", _TURNS, _row("llm", "summarize")),
    Promise(
        "000 §8.1", "a tool inside a tracked function is its child", _NEST, _row("action", "llm_inference", 2)
    ),
    Promise("000 §8.3", "decorator and context manager mix", _NEST, _row("action", "step1")),
    Promise("001 §8.8", "a tool that calls tools is a branch", _NEST, _row("action", "route_lead", 2)),
    Promise("000 §8.4", "LLM calls nest where they happened", by=_TREE),
    Promise(
        "002 quick",
        "task.set_payload is on the completion event",
        by="test_promises.py::test_the_payload_of_a_task_is_told",
    ),
    Promise(
        "004 §11.1",
        "an LLM node shows its model",
        _TURNS,
        f"{_row('llm', 'summarize')} .wf-name",
        "claude-haiku-4-5",
    ),
    Promise(
        "004 §11.1",
        "a click on an LLM node shows tokens and cost",
        _TURNS,
        ".detail .facts",
        "$0.0075",
        f"{_row('llm', 'phase1_reasoning')} .wf-label",
    ),
    Promise(
        "004 §11.1",
        "a click on an LLM node shows the previews",
        _TURNS,
        ".detail .block",
        "Which tools are needed for Acme Corp?",
        f"{_row('llm', 'phase1_reasoning')} .wf-label",
    ),
    Promise(
        "004 §2.4",
        "metadata stands in the detail",
        _TURNS,
        ".detail",
        '"temperature": 0.7',
        f"{_row('llm', 'phase1_reasoning')} .wf-label",
    ),
    Promise(
        "004 §2.4",
        "a call with name and model alone is on the timeline",
        "#/run/task-opaque",
        _row("llm", "reasoning"),
    ),
    Promise(
        "002 2a",
        "a call without usage shows unknown, not zero",
        "#/run/task-opaque",
        ".run-facts .fact:has-text('Cost')",
        "–",
    ),
    Promise(
        "002 1",
        "a row has task, agent, type, status",
        "#/tasks?q=task-lead-4801",
        ".tt-row",
        "lead_processing",
    ),
    Promise(
        "004 §11.1",
        "the LLM column counts the calls",
        "#/tasks?q=task-lead-4801",
        _tasks("task-lead-4801", "llm"),
        "3",
    ),
    Promise(
        "004 §11.1",
        "the cost column has dollars",
        "#/tasks?q=task-lead-4801",
        _tasks("task-lead-4801", "cost"),
        "$0.016",
    ),
    Promise(
        "001 §5.3",
        "a failed task is red in the table",
        "#/tasks?q=task-breaks",
        f"{_tasks('task-breaks', 'status')} .tone-bad",
    ),
    Promise(
        "002 1",
        "a task neither completed nor failed stays open",
        "#/tasks?q=contract-9",
        _tasks("contract-9", "status"),
        "Waiting",
    ),
    Promise("000 §5.1", "a run has a link of its own", by=f"{_RUN}::test_a_step_has_an_address_of_its_own"),
    Promise(
        "002 2a", "prompts can be read and copied", by=f"{_RUN}::test_details_show_prompt_response_and_usage"
    ),
)
