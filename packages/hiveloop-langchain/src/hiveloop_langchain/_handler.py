"""The callback handler: takes what LangChain says, finds the parent by run id, and hands on to the concept at work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from hiveloop import Intervention
from hiveloop.adapters import ClientRetries, contained, has_gates
from hiveloop.adapters.preview import PROMPT_CHARS, preview
from langchain_core.callbacks import BaseCallbackHandler

from . import _steps as steps
from ._context import (
    ask,
    child,
    current_model_call,
    current_run,
    ended,
    is_known,
    label_of,
    parent_of,
    resolve_scopes,
    running,
)
from ._gated import is_asked
from ._interrupts import tell_breakpoint
from ._model_callbacks import ModelCallbacks
from ._retries import is_marked, tell_backoff, tell_retry
from ._roots import forget
from ._runs import Options, RootRun, Run, id_number, state
from ._translate import custom_event
from ._waiting import enter_node

__all__ = ["HiveLoopCallbackHandler"]

_NO_METADATA: dict[str, Any] = {}


def _base_class() -> type[BaseCallbackHandler]:
    """LangGraph tells its pauses only to handlers of its own class (since 1.1.7)."""
    try:
        from langgraph.callbacks import GraphCallbackHandler
    except ImportError:
        return BaseCallbackHandler
    return cast("type[BaseCallbackHandler]", GraphCallbackHandler)


class HiveLoopCallbackHandler(ModelCallbacks, _base_class()):  # type: ignore[misc]
    """Shows LangChain and LangGraph runs on HiveBoard. Pass it in ``config={"callbacks": [handler]}``.

    ``agent``: the agent's name, or ``(RootRun) -> name``; inferred from the graph or ``create_agent`` name when
    absent. ``project``: project of the tasks. ``capture_content=False`` sends no prompt, answer, argument, result
    or error text. One handler may serve any number of runs, threads and event loops.
    """

    # Only an Intervention the user opted into ever leaves a callback; LangChain must let that one through.
    raise_error = True
    # On the event loop's thread, in order: a handler that hops to an executor costs ten times as much.
    run_inline = True
    # Plain values instead of the base class's properties, one of which LangChain reads at every callback and token.
    ignore_llm = ignore_chat_model = ignore_chain = ignore_retriever = ignore_retry = ignore_custom_event = (
        False
    )

    def __init__(
        self,
        agent: str | Callable[[RootRun], str] | None = None,
        project: str | None = None,
        capture_content: bool = True,
    ) -> None:
        super().__init__()
        self._options = Options(agent, project, capture_content)
        self._enabled = True
        self._client_retries = ClientRetries(current_model_call)
        resolve_scopes()

    # -- chains --

    @contained
    def on_chain_start(
        self,
        serialized: Any,
        inputs: Any,
        run_id: Any,
        parent_run_id: Any = None,
        tags: Any = None,
        metadata: Any = None,
        name: Any = None,
        run_type: Any = None,
        **_: Any,
    ) -> None:
        """A graph, node, agent or runnable begins."""
        number = run_id.int if isinstance(run_id, UUID) else run_id
        if is_known(number):
            return
        above = parent_run_id.int if isinstance(parent_run_id, UUID) else parent_run_id
        parent = running(above) or parent_of(above)
        metadata = metadata or _NO_METADATA
        label = name if type(name) is str and name else label_of(name, serialized, "chain")
        if parent is None:
            self._root(run_id, label, tags, metadata, inputs, "chain")
            return
        if parent.root.wraps and "thread_id" in metadata and "langgraph_node" not in metadata:
            again = self._graph_inside(number, parent.root, label, metadata, inputs)
            if again is not None:
                steps.open_step(again, None)
                return
        kind = steps.chain_kind(label, run_type, tags, metadata, parent, parent.number == above)
        if kind is None:
            self._plumbing(run_id, number, above, tags, label, parent)
            return
        run = child(run_id, number, above, parent, kind, label)
        if kind == "node":
            run.ns = metadata.get("langgraph_checkpoint_ns")
            root = run.root
            if root.key is not None:
                enter_node(root, root.key, label)
            if root.unheard is not None:
                root.unheard.reach(run.ns)
        run.agent_name = metadata.get("lc_agent_name")
        if parent.root.failed or kind == "chain":
            tell_retry(run, tags, None)
        step = metadata.get("langgraph_step")
        steps.open_step(run, {"step": step} if kind == "node" and step is not None else None)

    def _plumbing(self, run_id: Any, number: Any, above: Any, tags: Any, label: str, parent: Run) -> None:
        """No action of its own: what runs below it belongs to its parent."""
        if tags and is_marked(tags):
            tell_retry(child(run_id, number, above, parent, "chain", label), tags, None)
        gone = state.runs.put(number, parent)
        if gone is not None:
            forget(*gone)

    @contained
    def on_chain_end(self, outputs: Any, run_id: Any, **_: Any) -> None:
        """A chain returned."""
        run = ended(run_id)
        if run is not None:
            steps.end_chain(run, outputs)

    @contained
    def on_chain_error(self, error: BaseException, run_id: Any, **_: Any) -> None:
        """A chain raised, was cancelled, or stopped to ask."""
        run = ended(run_id)
        if run is not None:
            steps.fail_step(run, error)

    # -- tools --

    @contained
    def on_tool_start(
        self,
        serialized: Any,
        input_str: Any,
        run_id: Any,
        parent_run_id: Any = None,
        tags: Any = None,
        metadata: Any = None,
        inputs: Any = None,
        tool_call_id: Any = None,
        name: Any = None,
        **_: Any,
    ) -> None:
        """A tool is about to run. Raises the Intervention of a gate the user turned on."""
        number = run_id.int if isinstance(run_id, UUID) else run_id
        if is_known(number):
            return
        above = parent_run_id.int if isinstance(parent_run_id, UUID) else parent_run_id
        parent = running(above) or parent_of(above)
        label = name if type(name) is str and name else label_of(name, serialized, "tool")
        given = inputs if inputs is not None else input_str
        run = (
            self._root(run_id, label, tags, metadata or _NO_METADATA, given, "tool")
            if parent is None
            else child(run_id, number, above, parent, "tool", label)
        )
        if run is None:
            return
        if run.root.intervention is not None or (has_gates() and not is_asked(label, tool_call_id)):
            try:
                ask(run.root, "tool", label, given)
            except Intervention as intervention:
                steps.refuse_tool(run, intervention)
                raise
        steps.start_tool(run, parent, inputs, input_str, tool_call_id, tags)

    @contained
    def on_tool_end(self, output: Any, run_id: Any, **_: Any) -> None:
        """A tool returned."""
        run = ended(run_id)
        if run is not None:
            steps.end_tool(run, output)

    @contained
    def on_tool_error(self, error: BaseException, run_id: Any, **_: Any) -> None:
        """A tool raised."""
        run = ended(run_id)
        if run is not None:
            steps.fail_step(run, error)

    # -- retrievers --

    @contained
    def on_retriever_start(
        self,
        serialized: Any,
        query: Any,
        run_id: Any,
        parent_run_id: Any = None,
        tags: Any = None,
        metadata: Any = None,
        name: Any = None,
        **_: Any,
    ) -> None:
        """Documents are looked for."""
        number = run_id.int if isinstance(run_id, UUID) else run_id
        if is_known(number):
            return
        above = parent_run_id.int if isinstance(parent_run_id, UUID) else parent_run_id
        parent = running(above) or parent_of(above)
        metadata = metadata or _NO_METADATA
        label = label_of(name, serialized, "retriever")
        run = (
            self._root(run_id, label, tags, metadata, None, "retrieval")
            if parent is None
            else child(run_id, number, above, parent, "retrieval", label)
        )
        if run is not None:
            if run.root.failed:
                tell_retry(run, tags, None)
            steps.open_step(run, {"query": preview(query, PROMPT_CHARS)} if run.root.capture else None)

    @contained
    def on_retriever_end(self, documents: Any, run_id: Any, **_: Any) -> None:
        """Documents came back."""
        run = ended(run_id)
        if run is not None:
            steps.end_retriever(run, documents)

    @contained
    def on_retriever_error(self, error: BaseException, run_id: Any, **_: Any) -> None:
        """A retriever raised."""
        run = ended(run_id)
        if run is not None:
            steps.fail_step(run, error)

    # -- the rest --

    @contained
    def on_retry(self, retry_state: Any, run_id: Any, **_: Any) -> None:
        """An integration waits before it tries again."""
        run = state.runs.get(id_number(run_id))
        if run is not None:
            tell_backoff(run, retry_state)

    @contained
    def on_custom_event(self, name: str, data: Any, run_id: Any, **_: Any) -> None:
        """User code said something (``dispatch_custom_event``); ``hiveloop.<kind>`` names an event of the catalogue."""
        run = state.runs.get(id_number(run_id)) or current_run()
        if run is not None:
            run.root.emit(custom_event(str(name), data, run.scope, run.root.capture))

    @contained
    def on_interrupt(self, event: Any, **_: Any) -> None:
        """A graph paused for a person or at a breakpoint."""
        tell_breakpoint(event)
