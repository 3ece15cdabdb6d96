"""Framework objects → plain data, by duck typing: nothing here imports LangChain, so any version's objects will do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from hiveloop.adapters.preview import ARGUMENT_CHARS, PROMPT_CHARS, preview
from hiveloop.adapters.shown import arguments, shown

from ._translate import Prompt
from ._usage import NO_USAGE, Usage, model_name, read_usage, stop_reason

__all__ = [
    "Answer",
    "documents",
    "failed_tool_messages",
    "handoff_target",
    "last_text",
    "last_words",
    "prompt_of",
    "read_answer",
    "root_inputs",
    "tool_outcome",
]

_CHARS_PER_TOKEN = 4
_MAX_DOCUMENTS = 5
_DOCUMENT_CHARS = 120
_MAX_MESSAGES = 32
#: The only key of a mapping that says no more than its text does.
_PLAIN_KEYS = frozenset(
    {"answer", "content", "input", "output", "query", "question", "response", "result", "text"}
)


class Answer(NamedTuple):
    """What came back from a model."""

    usage: Usage = NO_USAGE
    model: str | None = None
    provider: str | None = None
    stop_reason: str | None = None
    text: str | None = None
    tool_calls: tuple[str, ...] = ()


def content_text(content: Any, limit: int) -> str:
    """The text of a message's content, at most ``limit`` characters: a string, or the text blocks of a list."""
    if type(content) is str:
        return content if len(content) <= limit else content[: limit - 1] + "…"
    if not isinstance(content, list):
        return "" if content is None else preview(content, limit)
    parts: list[str] = []
    left = limit
    for block in islice(content, _MAX_MESSAGES):
        text = block if isinstance(block, str) else block.get("text") if isinstance(block, dict) else None
        if isinstance(text, str) and text:
            parts.append(text[: left + 1])
            left -= len(parts[-1])
            if left < 0:
                break
    return preview("\n".join(parts), limit)


def _block_chars(content: Any) -> int:
    if not isinstance(content, list):
        return 0
    chars = 0
    for block in content:
        text = block if isinstance(block, str) else block.get("text") if isinstance(block, dict) else None
        chars += len(text) if isinstance(text, str) else 0
    return chars


def prompt_of(messages: Sequence[Any], capture: bool) -> Prompt:
    """Estimated shares of a prompt, and the text of its last message when content is captured."""
    system = tools = history = 0
    content: Any = None
    for message in messages:
        kind = getattr(message, "type", None)
        content = getattr(message, "content", None)
        chars = len(content) if type(content) is str else _block_chars(content)
        if kind == "system":
            system += chars
        elif kind == "tool":
            tools += chars
        else:
            history += chars
    text: str | None = None
    if capture and messages:
        # Of the last message: what the loop looked at last.
        is_short = type(content) is str and len(content) <= PROMPT_CHARS
        text = (content if is_short else content_text(content, PROMPT_CHARS)) or None
    return Prompt(
        text,
        system // _CHARS_PER_TOKEN,
        history // _CHARS_PER_TOKEN,
        tools // _CHARS_PER_TOKEN,
        len(messages),
    )


def read_answer(response: Any, limit: int) -> Answer:
    """The first generation of an ``LLMResult``; ``limit`` is how much text to keep (0: none)."""
    llm_output = getattr(response, "llm_output", None)
    generation = _first_generation(response)
    message = getattr(generation, "message", None)
    if message is None:
        text = getattr(generation, "text", None) if limit else None
        info = getattr(generation, "generation_info", None)
        return Answer(
            usage=read_usage(None, info, llm_output),
            model=model_name(info, llm_output),
            stop_reason=stop_reason(None, info, False),
            text=preview(text, limit) if isinstance(text, str) and text else None,
        )
    metadata = getattr(message, "response_metadata", None)
    calls = getattr(message, "tool_calls", None)
    names = _tool_call_names(calls) if calls else ()
    provider = metadata.get("model_provider") if isinstance(metadata, dict) else None
    return Answer(
        read_usage(getattr(message, "usage_metadata", None), metadata, llm_output),
        model_name(metadata, llm_output),
        provider if isinstance(provider, str) else None,
        stop_reason(metadata, getattr(generation, "generation_info", None), bool(names)),
        (content_text(getattr(message, "content", None), limit) or None) if limit else None,
        names,
    )


def _first_generation(response: Any) -> Any:
    generations = getattr(response, "generations", None)
    if isinstance(generations, list) and generations and isinstance(generations[0], list) and generations[0]:
        return generations[0][0]
    return None


def _tool_call_names(calls: Any) -> tuple[str, ...]:
    if not isinstance(calls, list):
        return ()
    return tuple([call["name"] for call in calls[:_MAX_MESSAGES] if type(call.get("name")) is str])


def tool_outcome(output: Any) -> tuple[bool, Any, str | None]:
    """Whether a tool failed, its result, and the node it hands over to: of a ``ToolMessage``, ``Command`` or raw value."""
    if type(output) is str:
        return False, output, None
    if getattr(output, "type", None) == "tool" and hasattr(output, "content"):
        failed = getattr(output, "status", None) == "error"
        content = output.content
        return failed, content if type(content) is str else content_text(content, 1000), None
    if hasattr(output, "goto") and hasattr(output, "update"):
        messages = output.update.get("messages") if isinstance(output.update, dict) else None
        last = messages[-1] if isinstance(messages, list) and messages else None
        failed = getattr(last, "status", None) == "error"
        content = getattr(last, "content", None)
        text = content if type(content) is str or last is None else content_text(content, 1000)
        return failed, text, _goto(output.goto)
    return False, output, None


def handoff_target(error: BaseException) -> str | None:
    """Where a ``ParentCommand`` sends the run."""
    command = error.args[0] if error.args else None
    return _goto(getattr(command, "goto", None))


def _goto(goto: Any) -> str | None:
    targets = goto if isinstance(goto, (list, tuple)) else (goto,)
    names = [target if isinstance(target, str) else getattr(target, "node", None) for target in targets]
    return ", ".join(name for name in names if isinstance(name, str)) or None


def failed_tool_messages(outputs: Any) -> list[tuple[str, str, Any]]:
    """``(tool_call_id, tool name, content)`` of the error results among what a node returned."""
    found: list[tuple[str, str, Any]] = []
    if isinstance(outputs, dict):
        _add_errors(outputs.get("messages"), found)
    elif isinstance(outputs, list):
        for item in islice(outputs, _MAX_MESSAGES):
            update = item if isinstance(item, dict) else getattr(item, "update", None)
            if isinstance(update, dict):
                _add_errors(update.get("messages"), found)
    return found


def _add_errors(messages: Any, found: list[tuple[str, str, Any]]) -> None:
    if not isinstance(messages, list):
        return
    for message in messages[-_MAX_MESSAGES:]:
        # Its type first: to be asked for a status that it does not have takes a message 2 µs and more.
        if getattr(message, "type", None) == "tool" and getattr(message, "status", None) == "error":
            call_id = getattr(message, "tool_call_id", None)
            name = getattr(message, "name", None)
            found.append((str(call_id), name if isinstance(name, str) and name else "tool", message.content))


def last_words(value: Any, limit: int) -> Any:
    """What a run was given or returned: its last message as a text, else a small tree of the value itself."""
    text = last_text(value, limit)
    return text if text is not None or value is None else shown(value, limit)


def last_text(value: Any, limit: int) -> str | None:
    """The text of the last message of a state or message list, or of a text; ``None`` where there is no such thing."""
    if type(value) is str:
        return preview(value, limit)
    messages = value.get("messages") if isinstance(value, dict) else value
    if isinstance(messages, list) and messages:
        text = _message_text(messages[-1], limit)
        if text is not None:
            return text
    if hasattr(value, "content") and hasattr(value, "type"):
        return content_text(value.content, limit)
    if isinstance(value, dict) and len(value) == 1:
        ((key, only),) = value.items()
        if isinstance(only, str) and isinstance(key, str) and key in _PLAIN_KEYS:
            return preview(only, limit)
    return None


def _message_text(message: Any, limit: int) -> str | None:
    if isinstance(message, tuple) and len(message) == 2:
        return content_text(message[1], limit)
    if isinstance(message, dict) and "content" in message:
        return content_text(message["content"], limit)
    if hasattr(message, "content"):
        return content_text(message.content, limit)
    return None


def root_inputs(inputs: Any) -> dict[str, Any] | None:
    """Inputs of a root run as a small mapping of previews; the messages of a state by their last one."""
    if inputs is None:
        return None
    if isinstance(inputs, dict):
        if len(inputs) == 1 and _is_deferred(inputs.get("input")):
            return None
        if "messages" not in inputs:
            return arguments(inputs)
        rest = {key: value for key, value in inputs.items() if key != "messages"}
        return {"messages": _last_message(inputs), **arguments(rest)}
    return {"input": last_words(inputs, ARGUMENT_CHARS)}


def _last_message(inputs: dict[str, Any]) -> Any:
    text = last_text(inputs, ARGUMENT_CHARS)
    return text if text is not None else shown(inputs["messages"], ARGUMENT_CHARS)


def _is_deferred(value: Any) -> bool:
    """`stream()` of a chain says an empty text at its start: the real input is not known yet."""
    return type(value) is str and not value


def documents(found: Any, capture: bool) -> list[dict[str, Any]]:
    """Up to five retrieved documents: id, source and score; their first 120 characters when captured."""
    shown: list[dict[str, Any]] = []
    for document in islice(found if isinstance(found, (list, tuple)) else (), _MAX_DOCUMENTS):
        metadata = getattr(document, "metadata", None)
        metadata = metadata if isinstance(metadata, Mapping) else {}
        entry = {
            "id": getattr(document, "id", None),
            "source": metadata.get("source"),
            "score": metadata.get("score", metadata.get("relevance_score")),
        }
        text = getattr(document, "page_content", None)
        if capture and isinstance(text, str):
            entry["preview"] = preview(text, _DOCUMENT_CHARS)
        shown.append({key: _plain(value) for key, value in entry.items() if value is not None})
    return shown


def _plain(value: Any) -> Any:
    return value if isinstance(value, (int, float)) else preview(value, ARGUMENT_CHARS)
