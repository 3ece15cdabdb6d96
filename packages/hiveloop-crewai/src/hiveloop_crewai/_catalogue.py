"""Every bus event this adapter listens to: where its class lives, what it is about, and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from . import _reading_crew as crew
from . import _reading_model as model
from . import _reading_rest as rest
from . import _reading_steps as steps
from ._facts import CANCELLED, END, FAIL, POINT, START, Data

__all__ = ["EVENTS", "Listened"]


Read = Callable[[Any, Any, bool], Data]


class Listened(NamedTuple):
    """``module`` is below ``crewai.events.types``; a class a version does not have is left out."""

    module: str
    name: str
    kind: str
    phase: str
    read: Read


def _life(
    module: str, prefix: str, kind: str, *readers: Read, ends: tuple[str, str] = ("Completed", "Failed")
) -> list[Listened]:
    """The three events of one kind: ``<prefix>StartedEvent``, and how it ended or failed."""
    start, end, fail = readers
    return [
        Listened(module, f"{prefix}StartedEvent", kind, START, start),
        Listened(module, f"{prefix}{ends[0]}Event", kind, END, end),
        Listened(module, f"{prefix}{ends[1]}Event", kind, FAIL, fail),
    ]


def _point(module: str, name: str, kind: str, read: Any) -> Listened:
    return Listened(module, f"{name}Event", kind, POINT, read)


EVENTS: tuple[Listened, ...] = (
    *_life("crew_events", "CrewKickoff", "crew", crew.crew_start, crew.crew_end, crew.crew_fail),
    *_life("task_events", "Task", "task", crew.task_start, crew.task_end, crew.task_fail),
    *_life(
        "agent_events",
        "AgentExecution",
        "agent",
        crew.agent_start,
        crew.agent_end,
        crew.agent_fail,
        ends=("Completed", "Error"),
    ),
    *_life(
        "agent_events",
        "LiteAgentExecution",
        "lite",
        crew.lite_start,
        crew.lite_end,
        crew.lite_fail,
        ends=("Completed", "Error"),
    ),
    *_life("llm_events", "LLMCall", "llm", model.model_start, model.model_end, model.model_fail),
    *_life(
        "tool_usage_events",
        "ToolUsage",
        "tool",
        steps.tool_start,
        steps.tool_end,
        steps.tool_fail,
        ends=("Finished", "Error"),
    ),
    _point("tool_usage_events", "ToolFailureDetected", "tool_failure", steps.tool_problem),
    _point("tool_usage_events", "ToolSelectionError", "tool_refused", steps.tool_problem),
    _point("tool_usage_events", "ToolValidateInputError", "tool_refused", steps.tool_problem),
    *_life(
        "llm_guardrail_events",
        "LLMGuardrail",
        "guardrail",
        rest.guardrail_start,
        rest.guardrail_end,
        rest.fails,
    ),
    *_life(
        "flow_events",
        "Flow",
        "flow",
        steps.flow_start,
        steps.flow_end,
        steps.flow_fail,
        ends=("Finished", "Failed"),
    ),
    *_life(
        "flow_events",
        "MethodExecution",
        "method",
        steps.method,
        steps.method,
        steps.method_fail,
        ends=("Finished", "Failed"),
    ),
    Listened("flow_events", "MethodExecutionPausedEvent", "method", END, steps.asks),
    _point("flow_events", "FlowPaused", "flow_paused", steps.asks),
    _point("flow_events", "HumanFeedbackRequested", "asks", steps.asks),
    _point("flow_events", "HumanFeedbackReceived", "answers", steps.answers),
    _point("flow_events", "FlowInputRequested", "asks", steps.asks),
    _point("flow_events", "FlowInputReceived", "answers", steps.answers),
    *_life("reasoning_events", "AgentReasoning", "reasoning", rest.nothing, rest.reasoned, rest.fails),
    _point("observation_events", "PlanStepStarted", "plan_step_started", rest.plan_step),
    _point("observation_events", "PlanStepCompleted", "plan_step_completed", rest.plan_step),
    _point("observation_events", "PlanReplanTriggered", "replan", rest.plan_turn),
    _point("observation_events", "GoalAchievedEarly", "goal_achieved", rest.plan_turn),
    *_life("memory_events", "MemoryQuery", "memory_query", rest.nothing, rest.remembered, rest.remembered),
    *_life("memory_events", "MemorySave", "memory_save", rest.nothing, rest.remembered, rest.remembered),
    *_life(
        "memory_events", "MemoryRetrieval", "memory_retrieval", rest.nothing, rest.remembered, rest.remembered
    ),
    *_life(
        "knowledge_events", "KnowledgeQuery", "knowledge_query", rest.nothing, rest.nothing, rest.remembered
    ),
    *_life(
        "knowledge_events",
        "KnowledgeRetrieval",
        "knowledge_search",
        rest.nothing,
        rest.remembered,
        rest.remembered,
    ),
    Listened(
        "knowledge_events", "KnowledgeSearchQueryFailedEvent", "knowledge_search", FAIL, rest.remembered
    ),
    *_life("mcp_events", "MCPConnection", "mcp", rest.mcp_start, rest.mcp_end, rest.mcp_end),
    *_life("mcp_events", "MCPToolExecution", "mcp", rest.mcp_start, rest.mcp_end, rest.mcp_end),
    _point("mcp_events", "MCPConfigFetchFailed", "mcp_unknown", rest.mcp_unknown),
    *_life("a2a_events", "A2ADelegation", "a2a", rest.a2a_start, rest.a2a_end, rest.fails),
    *_life("a2a_events", "A2AConversation", "transparent", rest.nothing, rest.nothing, rest.nothing),
    *_life("a2a_events", "A2AServerTask", "transparent", rest.nothing, rest.nothing, rest.nothing),
    _point("a2a_events", "A2AServerTaskCanceled", CANCELLED, rest.a2a_cancelled),
    *_life("a2a_events", "A2AParallelDelegation", "transparent", rest.nothing, rest.nothing, rest.nothing),
    *_life("crew_events", "CrewTrain", "learning", rest.learned, rest.learned, rest.learned),
    *_life("crew_events", "CrewTest", "learning", rest.learned, rest.learned, rest.learned),
    _point("crew_events", "CrewTestResult", "learned", rest.learned),
    _point("task_events", "TaskEvaluation", "learned", rest.learned),
    *_life("agent_events", "AgentEvaluation", "learning", rest.learned, rest.learned, rest.learned),
    _point("llm_events", "ContextWindowSummarizationCompleted", "compacted", model.compaction),
    _point("llm_events", "ContextWindowSummarizationFailed", "compacted", model.compaction),
    _point("hook_events", "HookDispatched", "hook", rest.hook),
)
