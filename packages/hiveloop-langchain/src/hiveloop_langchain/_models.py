"""Model calls: what is kept from their start, the time to their first token, and the one `llm_call` they end as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hiveloop.adapters import estimate_cost
from hiveloop.adapters.preview import PROMPT_CHARS, RESPONSE_CHARS, preview
from hiveloop.payloads import LlmCallData

from . import _translate as translate
from ._errors import describe, outcome_of
from ._extract import Answer, prompt_of, read_answer
from ._retries import note_failure
from ._runs import LlmRun, Root, millis_since, state
from ._translate import Prompt

__all__ = ["emit_llm", "fail_llm", "first_token", "read_start"]


def read_start(run: LlmRun, messages: Any, prompts: Any, metadata: Mapping[str, Any], params: Any) -> None:
    """Keep what only the start tells: prompt, requested model, provider, context window."""
    capture = run.root.capture
    if messages is not None:
        run.prompt = prompt_of(messages, capture)
    elif prompts:
        text = prompts[0] if isinstance(prompts[0], str) else ""
        shown = preview(text, PROMPT_CHARS) if capture else None
        run.prompt = Prompt(shown, history_tokens=len(text) // 4, messages=1)
    name, provider = metadata.get("ls_model_name"), metadata.get("ls_provider")
    if isinstance(params, dict):
        if not isinstance(name, str):
            name = params.get("model") or params.get("model_name")
        if "num_ctx" in params or "options" in params:
            run.window = _context_window(params)
    run.model = name if isinstance(name, str) and name else None
    run.provider = provider if isinstance(provider, str) else None


def _context_window(params: dict[Any, Any]) -> int | None:
    """Known from the call only where it sets it (Ollama's ``num_ctx``)."""
    options = params.get("options")
    window = params.get("num_ctx") or (options.get("num_ctx") if isinstance(options, dict) else None)
    return window if type(window) is int and window > 0 else None


def first_token(run: LlmRun, token: Any, chunk: Any) -> None:
    """Time to the first content: text, or the beginning of a tool call. Role-only chunks are not content."""
    run.streams = True
    if not token:
        message = getattr(chunk, "message", None)
        if not (getattr(message, "content", None) or getattr(message, "tool_call_chunks", None)):
            return
    state.awaiting.pop(run.number, None)
    run.ttft_ms = millis_since(run.started)


def fail_llm(run: LlmRun, error: BaseException, response: Any) -> None:
    """The call raised: an outcome where it was cancelled or left, else an `llm_call` with its error and no tokens."""
    root = run.root
    outcome = outcome_of(error)
    partial = (
        read_answer(response, RESPONSE_CHARS if root.capture else 0) if response is not None else Answer()
    )
    if outcome is not None:
        emit_llm(run, partial, outcome=outcome)
        return
    about = describe(error, root.capture)
    note_failure(run, about)
    emit_llm(run, Answer(text=partial.text), error=about)


def emit_llm(
    run: LlmRun,
    answer: Answer = Answer(),  # noqa: B008 - an immutable tuple
    outcome: str | None = None,
    error: translate.ErrorInfo | None = None,
    is_timed: bool = True,
    timestamp: str = "",
) -> None:
    """Send the one event of a model call. ``is_timed``: it ended just now; ``timestamp``: when it is to be shown."""
    state.awaiting.pop(run.number, None)
    usage = answer.usage
    root: Root = run.root
    model = answer.model or run.model
    cost, source = usage.cost, None
    if cost is None:
        cost = estimate_cost(model, usage.tokens_in, usage.tokens_out)
        source = None if cost is None else "estimated"
    data = LlmCallData(
        name=run.name,
        model=model,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        cost=cost,
        cost_source=source,
        duration_ms=millis_since(run.started) if is_timed else None,
        prompt_preview=run.prompt.text,
        response_preview=answer.text,
        metadata=_metadata(run, answer, outcome, error),
    )
    event = translate.llm_call(data, run.scope)
    event.timestamp = timestamp
    root.emit(event)


def _metadata(
    run: LlmRun, answer: Answer, outcome: str | None, error: translate.ErrorInfo | None
) -> dict[str, Any]:
    usage, prompt = answer.usage, run.prompt
    known: dict[str, Any] = {"turn_number": run.turn}
    provider = run.provider or answer.provider
    # One by one: half the price of filling a dict and sifting it.
    if provider is not None:
        known["provider"] = provider
    if run.model is not None:
        known["requested_model"] = run.model
    if answer.stop_reason is not None:
        known["stop_reason"] = answer.stop_reason
    if usage.cache_read is not None:
        known["cache_read_input_tokens"] = usage.cache_read
    if usage.cache_creation is not None:
        known["cache_creation_input_tokens"] = usage.cache_creation
    if usage.reasoning is not None:
        known["reasoning_tokens"] = usage.reasoning
    if run.ttft_ms is not None:
        known["ttft_ms"] = run.ttft_ms
    if run.window is not None:
        known["context_window_size"] = run.window
        if usage.tokens_in is not None:
            known["context_utilization_pct"] = round(100 * usage.tokens_in / run.window, 1)
    if answer.tool_calls:
        known["tool_calls"] = list(answer.tool_calls)
    if prompt.messages:
        known["message_count"] = prompt.messages
        known["system_prompt_tokens"] = prompt.system_tokens
        known["history_tokens"] = prompt.history_tokens
        known["tool_results_tokens"] = prompt.tool_tokens
        known["prompt_shares_estimated"] = True
    if usage.cost == 0:
        known["langchain_cache_hit"] = True
    if outcome is not None:
        known["outcome"] = outcome
    if error is not None:
        known["error"] = {key: value for key, value in error._asdict().items() if value is not None}
    return known
