"""The same work told to different SDKs. Runs inside each peer's own environment, so it imports nothing but that peer.

One "event" is a small custom event (a span for OpenTelemetry), an "LLM call" has model, tokens, cost and two previews
of 200 characters, a "tracked action" is a ``with`` block (two events; one span for OpenTelemetry). Every method loops
by itself: the cost of the loop and of building the arguments is in every figure alike, and is what ``Floor`` shows.
"""

from __future__ import annotations

import collections
import importlib
import random
import time
from typing import Any, Protocol

__all__ = ["OPERATIONS", "Peer", "make"]

OPERATIONS = ("events", "llm_calls", "actions")
_WORDS = [
    "order",
    "refund",
    "customer",
    "cup",
    "broken",
    "arrived",
    "Tuesday",
    "limit",
    "policy",
    "invoice",
    "address",
    "parcel",
    "answer",
    "question",
    "asked",
    "found",
    "checked",
    "shipped",
    "colour",
    "size",
    "receipt",
    "voucher",
    "manager",
    "warehouse",
    "carrier",
    "delay",
    "partial",
    "total",
    "euro",
    "card",
    "bank",
    "reply",
]


def _texts(seed: int, words: int) -> list[str]:
    """A prime number of different texts, so that compression finds as little to repeat as in real traffic."""
    draw = random.Random(seed)
    return [
        " ".join(draw.choice(_WORDS) + str(draw.randrange(100)) for _ in range(words)) for _ in range(1_009)
    ]


_SUMMARIES, _PROMPTS, _ANSWERS = _texts(1, 5), _texts(2, 26), _texts(3, 26)
_SETTLE_SECONDS = 60.0


class Peer(Protocol):
    """An SDK at work against ``endpoint``; ``batch_size`` None means its default."""

    def start(self, endpoint: str, batch_size: int | None) -> None: ...
    def events(self, count: int) -> None: ...
    def llm_calls(self, count: int) -> None: ...
    def actions(self, count: int) -> None: ...
    def settle(self) -> None:
        """Wait until everything queued was sent, so that the next round starts with idle threads."""

    def stop(self) -> None:
        """Send what is left and end, as a program that exits normally would."""


class Floor:
    """The least that could be done: a tuple with a time and an id, appended to a deque."""

    def start(self, endpoint: str, batch_size: int | None) -> None:
        self._queue: collections.deque[Any] = collections.deque(maxlen=100_000)

    def events(self, count: int) -> None:
        put, now = self._queue.append, time.time_ns
        for index in range(count):
            summary = _SUMMARIES[index % 1_009]
            put((now(), index, "custom", {"kind": "step", "summary": summary, "data": {"index": index}}))

    def llm_calls(self, count: int) -> None:
        put, now = self._queue.append, time.time_ns
        for index in range(count):
            prompt, answer = _PROMPTS[index % 1_009], _ANSWERS[index % 1_009]
            put((now(), index, "llm_call", "answer", "gpt-4o", 1_200, 350, 0.0065, 800, prompt, answer))

    def actions(self, count: int) -> None:
        put, now = self._queue.append, time.time_ns
        for index in range(count):
            put((now(), index, "action_started", "lookup_order"))
            put((now(), index, "action_completed", "lookup_order"))

    def settle(self) -> None:
        self._queue.clear()

    def stop(self) -> None:
        self._queue.clear()


class HiveLoop:
    """Ours and the published 0.2.0: the same calls, whichever of the two is installed here."""

    def start(self, endpoint: str, batch_size: int | None) -> None:
        self._sdk: Any = importlib.import_module("hiveloop")
        given = {} if batch_size is None else {"batch_size": batch_size}
        self._board: Any = self._sdk.init("hb_live_benchmark", endpoint=endpoint, **given)
        self._agent: Any = self._board.agent("bench", type="support", version="1.0", heartbeat_interval=0)
        self._task: Any = self._agent.start_task("order-42", project="returns", type="refund")

    def events(self, count: int) -> None:
        event = self._task.event
        for index in range(count):
            summary = _SUMMARIES[index % 1_009]
            event("custom", {"kind": "step", "summary": summary, "data": {"index": index}})

    def llm_calls(self, count: int) -> None:
        llm_call = self._task.llm_call
        for index in range(count):
            llm_call(
                "answer",
                "gpt-4o",
                tokens_in=1_200,
                tokens_out=350,
                cost=0.0065,
                duration_ms=800,
                prompt_preview=_PROMPTS[index % 1_009],
                response_preview=_ANSWERS[index % 1_009],
            )

    def actions(self, count: int) -> None:
        track_context = self._agent.track_context
        for _ in range(count):
            with track_context("lookup_order"):
                pass

    def settle(self) -> None:
        self._sdk.flush()
        # The flush of 0.2.0 only wakes its thread; what it has left is visible in its queue alone.
        transport = getattr(self._board, "_transport", None)
        give_up = time.monotonic() + _SETTLE_SECONDS
        while transport is not None and transport._queue and time.monotonic() < give_up:
            time.sleep(0.01)

    def stop(self) -> None:
        self._sdk.shutdown()


class OpenTelemetry:
    """The OpenTelemetry SDK with its OTLP/HTTP exporter; batches by default, or of ``batch_size`` spans."""

    def start(self, endpoint: str, batch_size: int | None) -> None:
        exporter = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        export = importlib.import_module("opentelemetry.sdk.trace.export")
        given = {} if batch_size is None else {"max_export_batch_size": batch_size}
        self._provider: Any = importlib.import_module("opentelemetry.sdk.trace").TracerProvider()
        sender = exporter.OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")
        self._provider.add_span_processor(export.BatchSpanProcessor(sender, **given))
        self._tracer: Any = self._provider.get_tracer("bench")
        # As with the others, everything happens inside one task.
        context = importlib.import_module("opentelemetry.context")
        context.attach(
            importlib.import_module("opentelemetry.trace").set_span_in_context(
                self._tracer.start_span("order-42")
            )
        )

    def events(self, count: int) -> None:
        start = self._tracer.start_span
        for index in range(count):
            attributes = {"kind": "step", "summary": _SUMMARIES[index % 1_009], "index": index}
            start("step", attributes=attributes).end()

    def llm_calls(self, count: int) -> None:
        start = self._tracer.start_span
        for index in range(count):
            attributes = {
                "gen_ai.operation.name": "chat",
                "gen_ai.request.model": "gpt-4o",
                "gen_ai.usage.input_tokens": 1_200,
                "gen_ai.usage.output_tokens": 350,
                "cost": 0.0065,
                "duration_ms": 800,
                "prompt_preview": _PROMPTS[index % 1_009],
                "response_preview": _ANSWERS[index % 1_009],
            }
            start("answer", attributes=attributes).end()

    def actions(self, count: int) -> None:
        start = self._tracer.start_as_current_span
        for _ in range(count):
            with start("lookup_order"):
                pass

    def settle(self) -> None:
        self._provider.force_flush()

    def stop(self) -> None:
        self._provider.shutdown()


def make(kind: str) -> Peer:
    """The peer of this kind: ``floor``, ``hiveloop`` or ``opentelemetry``."""
    kinds: dict[str, type[Floor] | type[HiveLoop] | type[OpenTelemetry]] = {
        "floor": Floor,
        "hiveloop": HiveLoop,
        "opentelemetry": OpenTelemetry,
    }
    return kinds[kind]()
