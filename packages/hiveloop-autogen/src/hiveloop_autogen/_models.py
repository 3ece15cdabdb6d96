"""Model calls: one `llm_call` at the boundary of the client, whoever called it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hiveloop import Intervention
from hiveloop.adapters import attempt, contained, estimate_cost, guarded
from hiveloop.adapters.preview import RESPONSE_CHARS
from hiveloop.payloads import LlmCallData

from . import _translate as translate
from ._errors import describe, note_cause, outcome_of
from ._extract import content_text, prompt_of, tool_names
from ._follow import Watch
from ._gates import ask
from ._http_retries import http_retries
from ._identity import bare_agent
from ._nodes import LlmNode, Node, Place, RunNode, place
from ._options import Options
from ._runs import new_root
from ._usage import NO_USAGE, Usage, read_usage
from ._work import Work, millis_since

__all__ = ["ModelWatch"]

#: Says of every answer that it came from a cache.
_ALWAYS_CACHED = "ReplayChatCompletionClient"
#: Answers itself or by the client it holds.
_CACHE = "ChatCompletionCache"
#: What a team asks that lets a model choose who speaks next.
_SELECTOR = "selector"


class ModelWatch(Watch):
    """Follows one ``create`` or ``create_stream``."""

    def __init__(
        self, client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], options: Options, stream: bool
    ) -> None:
        self.client = client
        self.messages = args[0] if args else kwargs.get("messages")
        self.kwargs = kwargs
        self.options = options
        self.stream = stream
        self.node: LlmNode | None = None
        self.result: Any = None

    @contained
    def open(self) -> Node | None:
        http_retries.watch()
        where = self._where()
        above = where.node if where is not None else None
        requested, model = self._models()
        action_id = where.action_id if where is not None else None
        turn, is_first = None, not isinstance(above, LlmNode)
        if isinstance(above, LlmNode):
            if above.subject is self.client or _is_cache(above.subject):
                # One call: the same client by another of its methods, or a cache, whose inner client knows the model.
                above.model, above.requested = above.model or model, above.requested or requested
                return None
            # A client that asks others (a fallback, a mixture): what they do and cost is told, each as its own.
            turn = None if above.is_transparent else above.turn
            above.is_transparent = True
            action_id = above.action_id
            above = above.parent
        root = above.root if above is not None else new_root(self.options)
        work = where.work if where is not None else self._bare_work()
        node = LlmNode(self.client, self._name(above), root, work, above, action_id)
        node.model, node.requested, node.stream = model, requested, self.stream
        node.turn = next(work.calls) if turn is None else turn
        node.prompt = prompt_of(self.messages, root.capture)
        if is_first and node.name == _SELECTOR:
            _tell_selection(above, work, action_id)
        ask(root, work.task, "llm", node.name, {"model": model, "messages": self.messages})
        self.node = node
        return node

    def _where(self) -> Place | None:
        return place()

    def _bare_work(self) -> Work:
        return Work(bare_agent(self.options, _core_agent()), None)

    def _models(self) -> tuple[str | None, str | None]:
        return _models_of(self.client, self.kwargs)

    def _name(self, above: Node | None) -> str:
        return _name(above, self.client, self.stream)

    def _cost(self, cached: bool, usage: Usage) -> tuple[float | None, str | None]:
        """US dollars, and where the number is from; a cached answer costs nothing."""
        if cached:
            return 0.0, None
        model = self.node.model if self.node is not None else None
        cost = estimate_cost(model, usage.tokens_in, usage.tokens_out)
        return cost, None if cost is None else "estimated"

    def saw(self, item: Any) -> None:
        node = self.node
        if node is not None and isinstance(item, str):
            if node.ttft_ms is None and item:
                node.ttft_ms = millis_since(node.started)
        else:
            self.result = item

    @contained
    def closed(self) -> None:
        self._tell(None, None)

    @contained
    def failed(self, error: BaseException) -> Intervention | None:
        outcome = outcome_of(error)
        if outcome == "abandoned" and self.result is not None:
            self._tell(None, None)
        elif outcome is not None:
            self._tell(outcome, None)
        elif self.node is not None:
            note_cause(self.node.parent, error)
            self._tell(None, describe(error, self.node.root.capture))
        return None

    def _tell(self, outcome: str | None, error: translate.ErrorInfo | None) -> None:
        node = self.node
        if node is None or node.is_transparent:
            return
        # The answer is an object of the program's client: a part that cannot be read costs only itself.
        usage = read_usage(_part(self.result, "usage")) if error is None else NO_USAGE
        cached = bool(_part(self.result, "cached")) and type(self.client).__name__ != _ALWAYS_CACHED
        cost, source = self._cost(cached, usage) if error is None else (None, None)
        content = _part(self.result, "content")
        shown = attempt(lambda: content_text(content, RESPONSE_CHARS), "model answer of hiveloop_autogen")[1]
        data = LlmCallData(
            name=node.name,
            model=node.model,
            tokens_in=usage.tokens_in,
            tokens_out=usage.tokens_out,
            cost=cost,
            cost_source=source,
            duration_ms=millis_since(node.started),
            prompt_preview=node.prompt.text,
            response_preview=(shown or None) if node.root.capture else None,
            metadata=self._metadata(node, cached, usage.is_missing, outcome, error),
        )
        node.work.emit(translate.llm_call(data, node.action_id))

    def _metadata(
        self,
        node: LlmNode,
        cached: bool,
        usage_missing: bool,
        outcome: str | None,
        error: translate.ErrorInfo | None,
    ) -> dict[str, Any]:
        result, prompt = self.result, node.prompt
        about: dict[str, Any] = {
            # Of a run; a call in a task of the program does not know what was called before it.
            "turn_number": node.turn if node.parent is not None else None,
            "requested_model": node.requested,
            "stop_reason": _part(result, "finish_reason"),
            "ttft_ms": node.ttft_ms,
            "stream": node.stream or None,
            "cached": cached or None,
            "usage": "missing" if usage_missing and result is not None else None,
            "tool_calls": guarded(lambda: tool_names(_part(result, "content")), None) or None,
            "tools_offered": _length(self.kwargs.get("tools")),
            "outcome": outcome,
        }
        if prompt.messages:
            about["message_count"] = prompt.messages
            about["system_prompt_tokens"] = prompt.system_tokens
            about["history_tokens"] = prompt.history_tokens
            about["tool_results_tokens"] = prompt.tool_tokens
            about["prompt_shares_estimated"] = True
        if error is not None:
            about["error"] = {key: value for key, value in error._asdict().items() if value is not None}
        return {key: value for key, value in about.items() if value is not None}


def _part(result: Any, name: str) -> Any:
    return guarded(lambda: getattr(result, name, None), None)


def _length(value: Any) -> int | None:
    return len(value) or None if isinstance(value, (list, tuple)) else None


def _name(above: Node | None, client: Any, stream: bool) -> str:
    """`writer.create`; what a team's own manager asks is named by what it asks for."""
    if isinstance(above, RunNode) and above.kind == "team":
        kind = type(above.subject).__name__
        if "Selector" in kind:
            return _SELECTOR
        if "Magentic" in kind:
            return "orchestrator"
    name = above.name if above is not None else type(client).__name__
    return f"{name}.create_stream" if stream else f"{name}.create"


def _tell_selection(team: Node | None, work: Work, action_id: str | None) -> None:
    """A team asks who speaks next; asked again before anybody spoke, the answer before was of no use."""
    if isinstance(team, RunNode):
        team.selections += 1
        if team.selections > 1:
            work.emit(
                translate.retry_started(
                    action_id, _SELECTOR, team.selections, "no valid speaker in the answer"
                )
            )


def _is_cache(client: Any) -> bool:
    return any(kind.__name__ == _CACHE for kind in type(client).__mro__)


def _models_of(client: Any, kwargs: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The model that was asked for, and the one AutoGen knows this name to stand for."""
    extra = kwargs.get("extra_create_args")
    chosen = extra.get("model") if isinstance(extra, Mapping) else None
    if isinstance(chosen, str) and chosen:
        return chosen, chosen
    settings = getattr(client, "_create_args", None)
    requested = settings.get("model") if isinstance(settings, Mapping) else None
    requested = requested if isinstance(requested, str) and requested else None
    resolved = getattr(client, "_resolved_model", None)
    return requested, resolved if isinstance(resolved, str) and resolved else requested


def _core_agent() -> str | None:
    """The core agent whose handler calls a model: a program without AgentChat."""
    import sys

    module = sys.modules.get("autogen_core._message_handler_context")
    context = getattr(getattr(module, "MessageHandlerContext", None), "_MESSAGE_HANDLER_CONTEXT", None)
    found = context.get(None) if context is not None else None
    kind = getattr(found, "type", None)
    return kind if isinstance(kind, str) else None
