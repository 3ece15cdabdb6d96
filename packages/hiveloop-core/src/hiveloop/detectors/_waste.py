"""Tokens that bought nothing: prompts sent again, answers cut off, calls that failed."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from hiveloop._locks import Lock
from hiveloop.events import Custom, Event, TaskCompleted, TaskFailed
from hiveloop.payloads import LlmCall, LlmCallData

from ._detector import Detector, Finding, OnDetect, positive, run_of
from ._llm import call_facts
from ._per_run import PerRun

__all__ = ["TokenWasteDetector"]

_CUT_OFF = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
_MOST_PROMPTS = 200


class _Ledger(Struct):
    """Tokens of one run, and those of them that were wasted, by why."""

    tokens: int = 0
    wasted: dict[str, int] = {}
    prompts: set[int] = set()
    told: int = 0


class TokenWasteDetector(Detector):
    """Finds a run that has used at least ``min_tokens`` and wasted at least ``share`` of them.

    Wasted are the tokens of a prompt that was sent before (by its captured text, so ``capture_content`` must be on to
    see it), of an answer that was cut off at the token limit, and of a call that failed.
    """

    name = "token_waste"
    sees = (LlmCall, TaskCompleted, TaskFailed)

    def __init__(self, share: float = 0.3, min_tokens: int = 10_000, on_detect: OnDetect = "report") -> None:
        super().__init__(on_detect)
        self._share = positive("TokenWasteDetector", "share", share)
        self._min_tokens = positive("TokenWasteDetector", "min_tokens", min_tokens, whole=True)
        self._ledgers: PerRun[_Ledger] = PerRun(_Ledger)
        self._lock = Lock()

    def see(self, agent_id: str, event: Event) -> Finding | None:
        """Book a model call; forget runs that ended."""
        run = event.task_run_id or run_of(agent_id, event)
        if type(event) is not Custom:
            with self._lock:
                self._ledgers.forget(run)
            return None
        payload: Any = event.payload
        facts = payload.data if type(payload) is LlmCall else None
        if type(facts) is not LlmCallData:
            facts = call_facts(event)
        tokens = (facts.tokens_in or 0) + (facts.tokens_out or 0)
        with self._lock:
            ledger = self._ledgers[run]
            ledger.tokens += tokens
            if facts.metadata is not None or facts.prompt_preview is not None:
                why = _why_wasted(ledger, facts)
                if why is not None:
                    ledger.wasted[why] = ledger.wasted.get(why, 0) + tokens
            if not ledger.wasted or ledger.tokens < self._min_tokens:
                return None
            return self._finding(ledger)

    def _finding(self, ledger: _Ledger) -> Finding | None:
        why, total = ledger.wasted, ledger.tokens
        wasted = sum(why.values())
        # Told again when what is wasted has doubled.
        if wasted < self._share * total or (ledger.told and wasted < 2 * ledger.told):
            return None
        ledger.told = wasted
        most = max(why, key=why.__getitem__)
        return Finding(
            detector=self.name,
            message=f"{wasted:,} of {total:,} tokens bought nothing, most of them: {most.replace('_', ' ')}",
            data={
                "tokens": total,
                "wasted_tokens": wasted,
                **{f"{name}_tokens": n for name, n in why.items()},
            },
            advice="Much of what you ask repeats what was asked before. Use the answers you have.",
        )


def _why_wasted(ledger: _Ledger, facts: LlmCallData) -> str | None:
    metadata = facts.metadata
    if type(metadata) is dict:
        if metadata.get("error"):
            return "failed_calls"
        stop = metadata.get("stop_reason")
        if type(stop) is str and stop.lower() in _CUT_OFF:
            return "cut_off_answers"
    if facts.prompt_preview is None:
        return None
    # Previews are cut: two long prompts that only begin alike differ in their token counts.
    key = hash((facts.model, facts.tokens_in, facts.prompt_preview))
    if key in ledger.prompts:
        return "repeated_prompts"
    if len(ledger.prompts) < _MOST_PROMPTS:
        ledger.prompts.add(key)
    return None
