"""Callbacks around model calls: start, first content, answer, error."""

from __future__ import annotations

import time
from typing import Any

from hiveloop.adapters import contained

from . import _models as models
from ._context import ask, begin_model, ended_model, is_known, label_of, must_ask, parent_of
from ._retries import tell_retry
from ._roots import forget
from ._runs import LlmRun, state
from ._watching import Watching

__all__ = ["ModelCallbacks"]

_NO_METADATA: dict[str, Any] = {}


class ModelCallbacks(Watching):
    """One model call is one `llm_call`, sent when it ends."""

    @contained
    def on_chat_model_start(
        self, serialized: Any, messages: Any, *, run_id: Any, parent_run_id: Any = None, **about: Any
    ) -> None:
        """A chat model is about to be called. Raises the Intervention of a gate the user turned on."""
        if not is_known(run_id):
            batch = messages[0] if messages else []
            self._model_start(serialized, batch, None, run_id, parent_run_id, about)

    @contained
    def on_llm_start(
        self, serialized: Any, prompts: Any, *, run_id: Any, parent_run_id: Any = None, **about: Any
    ) -> None:
        """A completion model is about to be called. Raises the Intervention of a gate the user turned on."""
        if not is_known(run_id):
            self._model_start(serialized, None, prompts, run_id, parent_run_id, about)

    def _model_start(
        self,
        serialized: Any,
        messages: Any,
        prompts: Any,
        run_id: Any,
        parent_run_id: Any,
        about: dict[str, Any],
    ) -> None:
        parent = parent_of(parent_run_id)
        metadata = about.get("metadata") or _NO_METADATA
        name = about.get("name") or metadata.get("langgraph_node")
        label = label_of(name, serialized, "llm")
        tags = about.get("tags")
        if parent is None:
            run = self._root(run_id, label, tags, metadata, None, "llm")
        else:
            run = LlmRun(run_id, parent_run_id, parent.root, label, parent.scope)
        if not isinstance(run, LlmRun):
            return
        models.read_start(run, messages, prompts, metadata, about.get("invocation_params"))
        if run.root.failed or tags:
            tell_retry(run, tags, run.model)
        if must_ask(run.root):
            ask(run.root, "llm", label, {"model": run.model, "messages": messages or prompts})
        run.started = time.perf_counter_ns()
        run.root.begin_call(run)
        gone = state.runs.put(run_id, run)
        if gone is not None:
            forget(*gone)
        state.await_content(run)
        begin_model(run)
        self.watch_clients()

    def on_llm_new_token(
        self,
        token: Any = None,
        *,
        run_id: Any,
        parent_run_id: Any = None,
        tags: Any = None,
        chunk: Any = None,
        **_: Any,
    ) -> None:
        """A piece of an answer. Only the first that has content matters; all others must cost nothing."""
        if state.awaiting and (run := state.awaiting.get(run_id)) is not None:
            self._first_token(run, token, chunk)

    @contained
    def _first_token(self, run: LlmRun, token: Any, chunk: Any) -> None:
        models.first_token(run, token, chunk)

    def on_stream_event(
        self, event: Any, *, run_id: Any, parent_run_id: Any = None, tags: Any = None, **_: Any
    ) -> None:
        """A piece of an answer in the event dialect (``stream_events(version="v3")``)."""
        if state.awaiting and (run := state.awaiting.get(run_id)) is not None:
            self._first_delta(run, event)

    @contained
    def _first_delta(self, run: LlmRun, event: Any) -> None:
        run.streams = True
        if event.get("event") == "content-block-delta":
            models.first_token(run, "delta", None)

    @contained
    def on_llm_end(self, response: Any, *, run_id: Any, **_: Any) -> None:
        """A model answered."""
        run = ended_model(run_id)
        if run is not None:
            models.end_llm(run, response)

    @contained
    def on_llm_error(self, error: BaseException, *, run_id: Any, response: Any = None, **_: Any) -> None:
        """A model call raised, was cancelled, or its stream was left."""
        run = ended_model(run_id)
        if run is not None:
            models.fail_llm(run, error, response)
