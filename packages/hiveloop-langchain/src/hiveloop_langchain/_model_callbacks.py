"""Callbacks around model calls: start, first content, answer, error."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from hiveloop.adapters import contained, has_gates
from hiveloop.adapters.preview import RESPONSE_CHARS

from . import _models as models
from ._context import ask, begin_model, ended_model, is_known, label_of, parent_of, running
from ._extract import read_answer
from ._retries import tell_retry
from ._roots import forget
from ._runs import LlmRun, id_number, state
from ._watching import Watching

__all__ = ["ModelCallbacks"]

_NO_METADATA: dict[str, Any] = {}


class ModelCallbacks(Watching):
    """One model call is one `llm_call`, sent when it ends."""

    @contained
    def on_chat_model_start(
        self,
        serialized: Any,
        messages: Any,
        run_id: Any,
        parent_run_id: Any = None,
        tags: Any = None,
        metadata: Any = None,
        name: Any = None,
        invocation_params: Any = None,
        **_: Any,
    ) -> None:
        """A chat model is about to be called. Raises the Intervention of a gate the user turned on."""
        run = self._model_run(serialized, run_id, parent_run_id, tags, metadata, name)
        if run is not None:
            batch = messages[0] if messages else []
            models.read_start(run, batch, None, metadata or _NO_METADATA, invocation_params)
            self._begin(run, tags, batch)

    @contained
    def on_llm_start(
        self,
        serialized: Any,
        prompts: Any,
        run_id: Any,
        parent_run_id: Any = None,
        tags: Any = None,
        metadata: Any = None,
        name: Any = None,
        invocation_params: Any = None,
        **_: Any,
    ) -> None:
        """A completion model is about to be called. Raises the Intervention of a gate the user turned on."""
        run = self._model_run(serialized, run_id, parent_run_id, tags, metadata, name)
        if run is not None:
            models.read_start(run, None, prompts, metadata or _NO_METADATA, invocation_params)
            self._begin(run, tags, prompts)

    def _model_run(
        self, serialized: Any, run_id: Any, parent_run_id: Any, tags: Any, metadata: Any, name: Any
    ) -> LlmRun | None:
        """The record of a call not seen before."""
        number = run_id.int if isinstance(run_id, UUID) else run_id
        if is_known(number):
            return None
        above = parent_run_id.int if isinstance(parent_run_id, UUID) else parent_run_id
        parent = running(above) or parent_of(above)
        metadata = metadata or _NO_METADATA
        name = name or metadata.get("langgraph_node")
        label = name if type(name) is str and name else label_of(name, serialized, "llm")
        if parent is not None:
            return LlmRun(number, above, parent.root, label, parent.scope)
        run = self._root(run_id, label, tags, metadata, None, "llm")
        return run if isinstance(run, LlmRun) else None

    def _begin(self, run: LlmRun, tags: Any, given: Any) -> None:
        root = run.root
        if root.failed or tags:
            tell_retry(run, tags, run.model)
        if has_gates() or root.intervention is not None:
            ask(root, "llm", run.name, {"model": run.model, "messages": given})
        run.started = time.perf_counter_ns()
        root.begin_call(run)
        gone = state.runs.put(run.number, run)
        if gone is not None:
            forget(*gone)
        state.await_content(run)
        begin_model(run)
        if self._enabled:
            self._client_retries.watch()

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
        if state.awaiting and (run := state.awaiting.get(id_number(run_id))) is not None:
            self._first_token(run, token, chunk)

    @contained
    def _first_token(self, run: LlmRun, token: Any, chunk: Any) -> None:
        models.first_token(run, token, chunk)

    def on_stream_event(
        self, event: Any, run_id: Any, parent_run_id: Any = None, tags: Any = None, **_: Any
    ) -> None:
        """A piece of an answer in the event dialect (``stream_events(version="v3")``)."""
        if state.awaiting and (run := state.awaiting.get(id_number(run_id))) is not None:
            self._first_delta(run, event)

    @contained
    def _first_delta(self, run: LlmRun, event: Any) -> None:
        run.streams = True
        if event.get("event") == "content-block-delta":
            models.first_token(run, "delta", None)

    @contained
    def on_llm_end(self, response: Any, run_id: Any, **_: Any) -> None:
        """A model answered."""
        run = ended_model(run_id)
        if run is not None:
            models.emit_llm(run, read_answer(response, RESPONSE_CHARS if run.root.capture else 0))

    @contained
    def on_llm_error(self, error: BaseException, run_id: Any, response: Any = None, **_: Any) -> None:
        """A model call raised, was cancelled, or its stream was left."""
        run = ended_model(run_id)
        if run is not None:
            models.fail_llm(run, error, response)
