"""The ways an agent task is watched: by nothing, a no-op, ours and OpenInference; or by the published SDK in its own environment."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from benchmarks import langchain_task

__all__ = ["PUBLISHED_LABEL", "Variants", "of_published", "of_this_checkout"]

PUBLISHED_LABEL = "hiveloop 0.2.0, hand-written handler"
_NEVER_SECONDS = 3_600.0

#: Gives the config of one run, switched on for as long as the ``with`` block lasts.
Variant = Callable[[], AbstractContextManager[dict[str, Any]]]


@dataclass(frozen=True)
class Variants:
    """Those of one process, by name; ``told`` counts the HiveLoop events since ``forget`` last dropped them."""

    by_name: Mapping[str, Variant]
    told: Callable[[], int]
    forget: Callable[[], None]


def _with_handler(handler: Any) -> Variant:
    return lambda: contextlib.nullcontext({"callbacks": [handler]})


def _unwatched() -> AbstractContextManager[dict[str, Any]]:
    return contextlib.nullcontext({})


@contextlib.contextmanager
def of_this_checkout() -> Iterator[Variants]:
    """Ours, encoding into memory, and OpenInference where it is installed."""
    from hiveloop.testing import capture_events
    from hiveloop_langchain import HiveLoopCallbackHandler

    with capture_events() as seen:
        variants: dict[str, Variant] = {
            "base": _unwatched,
            "no-op": _with_handler(langchain_task.NoOp()),
            "ours": _with_handler(HiveLoopCallbackHandler(agent="bench")),
        }
        openinference = _openinference()
        if openinference is not None:
            variants["OpenInference"] = openinference
        yield Variants(variants, lambda: len(seen.events), seen.clear)


def _openinference() -> Variant | None:
    """Its instrumentor, exporting in batches to an exporter that drops them: as ours, it keeps everything in memory."""
    try:
        instrumentation = importlib.import_module("openinference.instrumentation.langchain")
    except ImportError:
        return None
    export: Any = importlib.import_module("opentelemetry.sdk.trace.export")

    class Dropping(export.SpanExporter):  # type: ignore[misc]
        def export(self, spans: Any) -> Any:
            return export.SpanExportResult.SUCCESS

    provider = importlib.import_module("opentelemetry.sdk.trace").TracerProvider()
    provider.add_span_processor(export.BatchSpanProcessor(Dropping()))

    @contextlib.contextmanager
    def watched() -> Iterator[dict[str, Any]]:
        # It hooks into LangChain itself, so it is switched on around its own runs only.
        instrumentor = instrumentation.LangChainInstrumentor()
        instrumentor.instrument(tracer_provider=provider)
        try:
            yield {}
        finally:
            instrumentor.uninstrument()

    return watched


@contextlib.contextmanager
def of_published() -> Iterator[Variants]:
    """The published SDK behind a handler written by hand. Its queue is emptied before it would send anything."""
    from benchmarks.published_handler import PublishedHandler

    sdk: Any = importlib.import_module("hiveloop")
    board = sdk.init(
        "hb_live_benchmark", endpoint="http://127.0.0.1:9", flush_interval=_NEVER_SECONDS, batch_size=500
    )
    handler = PublishedHandler(board.agent("bench", type="support", version="1.0", heartbeat_interval=0))
    queue = board._transport._queue
    yield Variants(
        {"base": _unwatched, PUBLISHED_LABEL: _with_handler(handler)}, lambda: len(queue), queue.clear
    )
    queue.clear()
