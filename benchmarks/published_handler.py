"""What a program without our adapter would write: LangChain callbacks that report through the published SDK."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler

__all__ = ["PublishedHandler"]

_PREVIEW_CHARS = 200


class PublishedHandler(BaseCallbackHandler):
    """A task per root run, ``track_context`` around every tool, ``llm_call`` at the end of every model call.

    The published SDK keeps its current task per thread: actions of tools that LangGraph runs on threads of its own
    belong to no task. Retries, approvals, streaming and failures of model calls are not told.
    """

    run_inline = True

    def __init__(self, agent: Any) -> None:
        self._agent = agent
        self._tasks: dict[UUID, Any] = {}  # by run: the task of its root
        self._actions: dict[UUID, Any] = {}
        self._calls: dict[UUID, tuple[float, str]] = {}

    def _enter(self, run_id: UUID, parent_run_id: UUID | None) -> None:
        if parent_run_id is None:
            self._tasks[run_id] = self._agent.start_task(str(run_id))
        elif (task := self._tasks.get(parent_run_id)) is not None:
            self._tasks[run_id] = task

    def on_chain_start(
        self, serialized: Any, inputs: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        self._enter(run_id, parent_run_id)

    def on_chain_end(
        self, outputs: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        task = self._tasks.pop(run_id, None)
        if task is not None and parent_run_id is None:
            task.complete()

    def on_chain_error(
        self, error: BaseException, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        task = self._tasks.pop(run_id, None)
        if task is not None and parent_run_id is None:
            task.fail(error)

    def on_tool_start(self, serialized: Any, input_str: str, *, run_id: UUID, **kwargs: Any) -> None:
        action = self._agent.track_context(serialized["name"])
        action.set_payload({"args": input_str[:_PREVIEW_CHARS]})
        action.__enter__()
        self._actions[run_id] = action

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        action = self._actions.pop(run_id, None)
        if action is not None:
            action.__exit__(None, None, None)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        action = self._actions.pop(run_id, None)
        if action is not None:
            action.__exit__(type(error), error, error.__traceback__)

    def on_chat_model_start(
        self,
        serialized: Any,
        messages: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        self._enter(run_id, parent_run_id)
        self._calls[run_id] = (time.monotonic(), str(messages[0][-1].content)[:_PREVIEW_CHARS])

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        task, call = self._tasks.pop(run_id, None), self._calls.pop(run_id, None)
        if task is None or call is None:
            return
        message = response.generations[0][0].message
        usage = message.usage_metadata or {}
        task.llm_call(
            "chat",
            message.response_metadata.get("model_name", "unknown"),
            tokens_in=usage.get("input_tokens"),
            tokens_out=usage.get("output_tokens"),
            duration_ms=round((time.monotonic() - call[0]) * 1_000),
            prompt_preview=call[1],
            response_preview=str(message.content)[:_PREVIEW_CHARS],
        )

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._tasks.pop(run_id, None)
        self._calls.pop(run_id, None)
