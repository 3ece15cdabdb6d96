"""Tries that repeat: recognised by a failed sibling under the same parent, or by the framework's own mark."""

from __future__ import annotations

from typing import Any

from . import _translate as translate
from ._runs import Failed, LlmRun, Run

__all__ = ["is_marked", "note_failure", "tell_backoff", "tell_retry"]

_MARK = "retry:attempt:"
#: Failures nobody tried again are of no more use; a run that lasts for days must not collect them.
_MAX_FAILED = 1_000


def note_failure(run: Run, about: translate.ErrorInfo) -> None:
    """Remember a failed try, so that the next one under the same key is known as a retry."""
    model = run.model if isinstance(run, LlmRun) else None
    failed = run.root.failed
    if len(failed) >= _MAX_FAILED:
        failed.clear()
    failed[_key(run)] = Failed(run.attempt, about.type, about.message, model)


def _key(run: Run) -> tuple[Any, str, str]:
    if run.kind == "llm":
        return run.parent_key, "llm", ""
    # A node repeats with its checkpoint namespace, a tool with its call id or name; a plain step only by mark.
    return run.parent_key, run.kind, run.ns or run.name


def tell_retry(run: Run, tags: Any, model: str | None) -> None:
    """Send `retry_started` when this run repeats a failed one. Called before the run's own start."""
    root = run.root
    marked = _marked_attempt(tags) if tags else None
    if marked is None and run.ns is None and run.kind not in ("llm", "tool"):
        return
    # Taken out: a try that then succeeds must not make the next, unrelated call look like another retry.
    before = root.failed.pop(_key(run), None) if root.failed else None
    if before is None and marked is None:
        return
    run.attempt = marked if marked is not None else before.attempt + 1 if before is not None else 2
    error = translate.ErrorInfo(before.error_type, before.message) if before is not None else None
    switched = before is not None and model is not None and before.model not in (None, model)
    root.emit(
        translate.retry_started(
            run.parent_action if run.kind != "llm" else run.scope,
            run.name,
            run.attempt,
            error,
            fallback_to=model if switched else None,
        )
    )


def is_marked(tags: Any) -> bool:
    """Whether the framework itself says that this run repeats another."""
    return _marked_attempt(tags) is not None


def _marked_attempt(tags: Any) -> int | None:
    for tag in tags:
        if isinstance(tag, str) and tag.startswith(_MARK) and tag[len(_MARK) :].isdigit():
            return int(tag[len(_MARK) :])
    return None


def tell_backoff(run: Run, retry_state: Any) -> None:
    """An integration says it is about to wait and try again (`on_retry`)."""
    outcome = getattr(retry_state, "outcome", None)
    error = outcome.exception() if outcome is not None and outcome.failed else None
    sleep = getattr(getattr(retry_state, "next_action", None), "sleep", None)
    about = None
    if error is not None:
        about = translate.ErrorInfo(type(error).__name__, str(error)[:500] if run.root.capture else None)
    attempt = getattr(retry_state, "attempt_number", 1)
    backoff = float(sleep) if isinstance(sleep, (int, float)) else None
    run.root.emit(translate.retry_started(run.scope, run.name, attempt + 1, about, backoff))
