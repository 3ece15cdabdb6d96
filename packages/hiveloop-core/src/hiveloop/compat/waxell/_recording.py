"""The ``record_*`` and ``set_*`` methods of ``WaxellContext``, each one line of this SDK. Outside the block they do nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hiveloop._task import Task
from hiveloop.policies import PolicyViolationError

from ._absent import cost_or_none, given, provider_of

__all__ = ["Recording"]


class Recording:
    """The recording half of the context."""

    _governs: bool

    def __init__(self) -> None:
        self._task: Task | None = None

    def record_llm_call(
        self,
        *,
        model: str,
        tokens_in: int,
        tokens_out: int,
        cost: float = 0.0,
        task: str = "",
        prompt_preview: str = "",
        response_preview: str = "",
        duration_ms: int | None = None,
        provider: str = "",
    ) -> None:
        """A model call; without a cost it is estimated, without a provider that follows from the model's name."""
        if self._task is None:
            return
        who = provider_of(provider, model)
        self._task.llm_call(
            given(task) or "llm_call",
            model=given(model),
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost=cost_or_none(cost),
            duration_ms=duration_ms,
            prompt_preview=given(prompt_preview),
            response_preview=given(response_preview),
            metadata=None if who is None else {"provider": who},
        )

    def record_step(self, step_name: str, output: dict[str, Any] | None = None) -> None:
        """A step that was done. With ``mid_execution_governance`` the policies may stop the run here."""
        if self._task is None:
            return
        self._task.step(step_name, output)
        if self._governs:
            check = self._task.check_policy_sync()
            if check.blocked:
                raise PolicyViolationError(check.reason, check)

    def set_result(self, result: dict[str, Any]) -> None:
        """What the run came to."""
        if self._task is not None:
            self._task.set_result(result)

    def set_tag(self, key: str, value: str) -> None:
        """A searchable tag."""
        if self._task is not None:
            self._task.set_tag(key, value)

    def set_metadata(self, key: str, value: Any) -> None:
        """Anything to know about the run."""
        if self._task is not None:
            self._task.set_metadata(key, value)

    def record_score(
        self, name: str, value: float | str | bool, data_type: str = "numeric", comment: str = ""
    ) -> None:
        """A grade of the run."""
        if self._task is not None:
            self._task.score(name, value, data_type, given(comment))

    def record_tool_call(
        self,
        name: str,
        input: Any = "",
        output: Any = "",
        duration_ms: int | None = None,
        status: str = "ok",
        tool_type: str = "function",
        error: str = "",
    ) -> None:
        """A tool that was used."""
        if self._task is not None:
            told = {"duration_ms": duration_ms, "status": status, "tool_type": tool_type}
            self._task.tool_call(name, given(input), given(output), error=given(error), **told)  # type: ignore[arg-type]

    def record_retrieval(
        self,
        query: str,
        documents: Iterable[Any],
        source: str = "",
        duration_ms: int | None = None,
        top_k: int | None = None,
        scores: Iterable[float] | None = None,
    ) -> None:
        """Documents that were fetched."""
        if self._task is not None:
            found = given(source)
            self._task.retrieval(query, documents, found, duration_ms=duration_ms, top_k=top_k, scores=scores)

    def record_decision(
        self,
        name: str,
        options: Iterable[str],
        chosen: str,
        reasoning: str = "",
        confidence: float | None = None,
        metadata: dict[str, Any] | None = None,
        instrumentation_type: str = "manual",
    ) -> None:
        """A choice; how it was captured goes into its metadata, unless by hand."""
        if self._task is None:
            return
        if instrumentation_type not in ("manual", "", None):
            metadata = {**(metadata or {}), "instrumentation_type": instrumentation_type}
        self._task.decision(name, options, chosen, given(reasoning), confidence, metadata=metadata)

    def record_reasoning(
        self, step: str, thought: str, evidence: Iterable[str] | None = None, conclusion: str = ""
    ) -> None:
        """A step of thought."""
        if self._task is not None:
            self._task.reasoning(step, thought, evidence, given(conclusion))

    def record_retry(
        self,
        attempt: int,
        reason: str,
        strategy: str = "retry",
        original_error: str = "",
        fallback_to: str = "",
        max_attempts: int | None = None,
    ) -> None:
        """A retry, a fallback or an opened circuit."""
        if self._task is not None:
            self._task.retry(
                attempt=attempt,
                reason=given(reason),
                strategy=given(strategy),
                original_error=given(original_error),
                fallback_to=given(fallback_to),
                max_attempts=max_attempts,
            )

    def record_policy_check(
        self,
        policy_name: str,
        action: str,
        category: str = "",
        reason: str = "",
        duration_ms: float = 0,
        phase: str = "pre_execution",
        priority: int = 100,
    ) -> None:
        """What a policy of the program's own said."""
        if self._task is not None:
            took = None if duration_ms == 0 else duration_ms
            self._task.policy_check(
                policy_name,
                action,
                given(category),
                given(reason),
                duration_ms=took,
                phase=given(phase),
                priority=priority,
            )

    def record_user_message(self, content: str) -> None:
        """What the user said."""
        if self._task is not None:
            self._task.user_message(content)

    def record_agent_response(self, content: str) -> None:
        """What the agent answered."""
        if self._task is not None:
            self._task.agent_response(content)
