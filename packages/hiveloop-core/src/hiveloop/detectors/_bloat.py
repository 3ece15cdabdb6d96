"""Prompts that outgrow their use: one part crowds out the rest, the context fills up, each turn costs more than the last."""

from __future__ import annotations

from collections import deque
from typing import Any

from msgspec import Struct, field

from hiveloop._locks import Lock
from hiveloop.events import Custom, Event, TaskCompleted, TaskFailed
from hiveloop.payloads import LlmCall, LlmCallData, PromptComposition

from ._detector import Call, Detector, Finding, OnDetect, Tell, positive, run_of
from ._llm import call_facts
from ._payload import whole_at
from ._per_run import PerRun
from ._roles import Shares, shares_of

__all__ = ["PromptBloatDetector"]

#: A prompt this short may be all instructions.
_SHORT = 1_000
_TURNS = 3
#: A composition is told again when a part of it has grown or shrunk by so much of the whole.
_NEWS = 0.3
_PARTS = ("system", "history", "tools")
_NAMES = {"system": "the instructions", "history": "the conversation", "tools": "tool results"}


class _Prompts(Struct):
    """The prompts of one run: those announced and not yet answered, and how they grew since the last tool result."""

    announced: deque[Shares | None] = field(default_factory=lambda: deque(maxlen=50))
    turn: int = 0
    name: str = ""
    base: int | None = None
    last: int = 0
    growing: int = 0
    told: set[str] = set()
    composition: tuple[float, ...] | None = None


class PromptBloatDetector(Detector):
    """Finds a prompt of which one part takes more than ``component_share``, one that fills more than ``utilization`` of the
    context window, and prompts that grow to ``growth`` times their size over three turns and more without a tool result.

    Parts are measured where an adapter shows the messages; the window is what the provider says, else
    ``context_window`` in tokens. Each is told once a run. The make-up of the prompt goes out as ``prompt_composition``
    when it is remarkable or has changed.
    """

    name = "prompt_bloat"
    sees = (LlmCall, TaskCompleted, TaskFailed)
    asks = ("tool", "llm")

    def __init__(
        self,
        component_share: float = 0.6,
        utilization: float = 0.5,
        growth: float = 2.0,
        context_window: int | None = None,
        on_detect: OnDetect = "report",
    ) -> None:
        super().__init__(on_detect)
        self._share = positive("PromptBloatDetector", "component_share", component_share)
        self._utilization = positive("PromptBloatDetector", "utilization", utilization)
        self._growth = positive("PromptBloatDetector", "growth", growth, low=1)
        self._window = (
            None
            if context_window is None
            else positive("PromptBloatDetector", "context_window", context_window, whole=True)
        )
        self._runs: PerRun[_Prompts] = PerRun(_Prompts)
        self._lock = Lock()
        self._tell: Tell | None = None

    def start(self, tell: Tell) -> None:
        """Compositions are told beside the findings."""
        self._tell = tell

    def before_call(self, call: Call) -> Finding | None:
        """Measure a prompt that is about to be sent; a tool call brings something new into the next one."""
        if not call.run:
            return None
        shares = None if call.kind == "tool" else shares_of(call.arguments)
        with self._lock:
            prompts = self._runs[call.run]
            if call.kind == "tool":
                prompts.base, prompts.growing = None, 0
            else:
                # Also what cannot be measured has its place: calls are told in the order they were announced.
                prompts.announced.append(shares)
        return None

    def see(self, agent_id: str, event: Event) -> Finding | None:
        """Look at a prompt whose tokens are known now."""
        run = event.task_run_id or run_of(agent_id, event)
        if type(event) is not Custom:
            with self._lock:
                self._runs.forget(run)
            return None
        payload: Any = event.payload
        facts = payload.data if type(payload) is LlmCall else None
        if type(facts) is not LlmCallData:
            facts = call_facts(event)
        tokens = facts.tokens_in
        window = self._window
        metadata = facts.metadata
        if type(metadata) is dict and "context_window_size" in metadata:
            window = whole_at(metadata, "context_window_size") or window
        with self._lock:
            prompts = self._runs[run]
            shares = prompts.announced.popleft() if prompts.announced else None
            prompts.turn += 1
            if tokens is None:
                return None
            if tokens <= prompts.last or prompts.base is None or facts.name != prompts.name:
                # Another kind of prompt is none that grew.
                prompts.base, prompts.growing, prompts.name = tokens, 0, facts.name
            prompts.growing += 1
            prompts.last = tokens
            if shares is None and not window and prompts.growing < _TURNS:
                return None
            composition = None if shares is None else self._composition(prompts, shares, tokens, window)
            finding = self._finding(prompts, shares, tokens, window)
        if composition is not None and self._tell is not None:
            self._tell(self, composition, agent_id, event)
        return finding

    def _finding(
        self, prompts: _Prompts, shares: Shares | None, tokens: int, window: int | None
    ) -> Finding | None:
        if shares is not None and tokens >= _SHORT:
            largest = max(_PARTS, key=lambda part: getattr(shares, part))
            part = getattr(shares, largest) / shares.total
            # A long conversation is what a prompt is for; instructions and results are not.
            if largest != "history" and part > self._share:
                return self._once(
                    prompts, f"share:{largest}",
                    f"{_NAMES[largest]} take {part:.0%} of a prompt of {tokens:,} tokens",
                    {"bloat": "component", "component": largest, "share": round(part, 3), "tokens_in": tokens},
                )  # fmt: skip
        if window and tokens > self._utilization * window:
            return self._once(
                prompts, "window", f"The prompt fills {tokens / window:.0%} of the context window",
                {"bloat": "utilization", "utilization": round(tokens / window, 3), "tokens_in": tokens},
            )  # fmt: skip
        base = prompts.base or 0
        if prompts.growing >= _TURNS and tokens >= self._growth * base:
            return self._once(
                prompts, "growth",
                f"The prompt grew from {base:,} to {tokens:,} tokens without a new tool result",
                {"bloat": "growth", "from_tokens": base, "tokens_in": tokens, "turns": prompts.growing},
            )  # fmt: skip
        return None

    def _once(self, prompts: _Prompts, what: str, message: str, data: dict[str, object]) -> Finding | None:
        if what in prompts.told:
            return None
        prompts.told.add(what)
        return Finding(
            detector=self.name,
            message=message,
            data={**data, "turn_number": prompts.turn},
            advice="The prompt is getting too long. Keep only what the next step needs, and be brief.",
        )

    def _composition(
        self, prompts: _Prompts, shares: Shares, tokens: int, window: int | None
    ) -> Custom | None:
        parts = tuple(getattr(shares, part) / shares.total for part in _PARTS)
        known = prompts.composition
        is_full = bool(window) and tokens > self._utilization * (window or 0)
        changed = known is None or max(abs(a - b) for a, b in zip(parts, known, strict=True)) >= _NEWS
        if not (changed and (tokens >= _SHORT or known is not None)) and not (is_full and known != parts):
            return None
        prompts.composition = parts
        system, history, tools = shares.of(tokens)
        data = {
            "system_prompt_tokens": system,
            "history_tokens": history,
            "tool_results_tokens": tools,
            "total_input_tokens": tokens,
            "context_utilization_pct": round(100 * tokens / window, 1) if window else None,
            "largest_component": _PARTS[parts.index(max(parts))],
            "turn_number": prompts.turn,
        }
        known_data = {name: value for name, value in data.items() if value is not None}
        return Custom(payload=PromptComposition(summary=f"Prompt of {tokens:,} tokens", data=known_data))
