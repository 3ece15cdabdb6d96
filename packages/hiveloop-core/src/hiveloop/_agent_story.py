"""What an agent tells outside tasks: issues, TODOs, queues, schedules, LLM calls, custom events."""

from __future__ import annotations

from typing import Any

from . import _scope
from ._arguments import count, entries, flat, identifier, seconds, shown, text
from ._custom import custom_event, llm_call_event
from ._gate import MADE, gate
from ._runtime import runtime
from ._safety import contained
from .events import Custom, Event
from .payloads import Issue, IssueData, QueueSnapshot, Scheduled, Todo

__all__ = ["AgentStory"]

_MAX_ENTRIES = 500
_ISSUE_EVENT_SEVERITY = {"critical": "error", "high": "error", "medium": "warn", "low": "info"}


class AgentStory:
    """The narrating half of :class:`~hiveloop.Agent`. Every call form of the manual is accepted; ``None`` is absent."""

    def send(self, event: Event) -> None:
        """Implemented by the handle."""
        raise NotImplementedError

    @contained
    def llm_call(
        self,
        name: Any = None,
        model: Any = None,
        *,
        tokens_in: int | None = None,
        tokens_out: int | None = None,
        cost: float | None = None,
        duration_ms: float | None = None,
        prompt_preview: str | None = None,
        response_preview: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Record a model call outside any task. ``cost`` in US dollars; absent: estimated later."""
        self.send(
            llm_call_event(
                name,
                model,
                tokens_in,
                tokens_out,
                cost,
                duration_ms,
                prompt_preview,
                response_preview,
                metadata,
            )
        )
        if runtime.made_gates:
            gate(None, "llm", str(name), MADE)

    @contained
    def report_issue(
        self,
        summary: str | None = None,
        severity: str = "medium",
        *,
        issue_id: str | None = None,
        category: str | None = None,
        context: dict[str, Any] | None = None,
        occurrence_count: int | None = None,
    ) -> None:
        """Report a persistent problem; ``severity`` is critical, high, medium or low. Stays open until resolved."""
        level = (text(severity, 32) or "medium").lower()
        data = IssueData(
            severity=level if level in _ISSUE_EVENT_SEVERITY else "medium",
            action="reported",
            issue_id=identifier(issue_id),
            category=text(category, 128),
            context=flat(context),
            occurrence_count=count(occurrence_count, "occurrence_count"),
        )
        tags = ["issue", data.category] if data.category else ["issue"]
        self.send(Custom(payload=Issue(summary=text(summary), data=data, tags=tags)))

    @contained
    def resolve_issue(self, summary: str | None = None, *, issue_id: str | None = None) -> None:
        """The problem is gone: named by ``issue_id``, else by the summary it was reported with."""
        data = IssueData(severity="low", action="resolved", issue_id=identifier(issue_id))
        line = text(summary) or (f"{data.issue_id} resolved" if data.issue_id else None)
        self.send(Custom(severity="info", payload=Issue(summary=line, data=data, tags=["issue"])))

    @contained
    def todo(
        self,
        todo_id: Any = None,
        action: str = "created",
        summary: str | None = None,
        *,
        priority: str | None = None,
        source: str | None = None,
        context: Any = None,
        due_by: str | None = None,
    ) -> None:
        """Report a work item: ``action`` is created, completed, failed, dismissed or deferred."""
        data = {
            "todo_id": identifier(todo_id),
            "action": text(action, 64) or "created",
            "priority": text(priority, 64),
            "source": text(source, 256),
            "context": context,
            "due_by": text(due_by, 64),
        }
        present = {key: value for key, value in data.items() if value is not None}
        self.send(
            Custom(payload=Todo(summary=text(summary), data=present, tags=["todo", str(data["action"])]))
        )

    @contained
    def queue_snapshot(
        self,
        depth: int | None = None,
        oldest_age_seconds: float | None = None,
        items: list[dict[str, Any]] | None = None,
        processing: dict[str, Any] | None = None,
    ) -> None:
        """Report what waits: ``items`` as dicts of id, priority, source, summary, queued_at; ages in seconds."""
        listed = None if items is None else entries(items, _MAX_ENTRIES)
        age = seconds(oldest_age_seconds, "oldest_age_seconds")
        data = {
            "depth": count(depth if depth is not None else len(listed or ()), "depth"),
            "oldest_age_seconds": age,
            "items": listed,
            "processing": processing,
        }
        present = {key: value for key, value in data.items() if value is not None}
        line = f"Queue: {data['depth']} items"
        if age is not None:
            line += f", oldest {age:g}s"
        self.send(Custom(payload=QueueSnapshot(summary=text(line), data=present, tags=["queue"])))

    @contained
    def scheduled(self, items: list[dict[str, Any]] | None = None) -> None:
        """Report recurring work: dicts of id, name, next_run, interval, enabled, last_status, last_run, status."""
        listed = entries(items, _MAX_ENTRIES)
        upcoming = sorted(
            shown(item.get("next_run"), 64) for item in listed if type(item) is dict and item.get("next_run")
        )
        line = f"{len(listed)} scheduled items" + (f", next at {upcoming[0]}" if upcoming else "")
        self.send(Custom(payload=Scheduled(summary=text(line), data={"items": listed}, tags=["scheduled"])))

    @contained
    def event(
        self,
        event_type: str,
        payload: dict[str, Any] | None = None,
        severity: str | None = None,
        parent_event_id: str | None = None,
    ) -> None:
        """Send an event of any catalogue type; another type becomes ``custom`` of that kind, said once."""
        event = custom_event(event_type, flat(payload), severity, parent_event_id)
        scope = _scope.current()
        if scope is not None and scope.agent is self and scope.task is None:
            event.action_id = scope.action_id
        self.send(event)
