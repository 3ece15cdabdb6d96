"""CPU of LangChain agent tasks watched by different handlers, in one process: ``python -m benchmarks.langchain_worker COUNT``.

Prints JSON: for each shape and mode, microseconds per task of the calling thread and of the process, by variant.
OpenInference takes part where it is installed; it hooks into LangChain itself, so it is switched on around its runs only.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import random
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from hiveloop.testing import capture_events
from hiveloop_langchain import HiveLoopCallbackHandler

from benchmarks import langchain_task

_WARM_UP = 3
_DISTRIBUTIONS = ("langchain", "langchain-core", "langgraph", "openinference-instrumentation-langchain")

#: Gives the config of one run, switched on for as long as the ``with`` block lasts.
Variant = Callable[[], AbstractContextManager[dict[str, Any]]]


def _with_handler(handler: Any) -> Variant:
    return lambda: contextlib.nullcontext({"callbacks": [handler]})


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
        instrumentor = instrumentation.LangChainInstrumentor()
        instrumentor.instrument(tracer_provider=provider)
        try:
            yield {}
        finally:
            instrumentor.uninstrument()

    return watched


def _variants() -> dict[str, Variant]:
    variants: dict[str, Variant] = {
        "base": lambda: contextlib.nullcontext({}),
        "no-op": _with_handler(langchain_task.NoOp()),
        "ours": _with_handler(HiveLoopCallbackHandler(agent="bench")),
    }
    openinference = _openinference()
    return variants if openinference is None else {**variants, "OpenInference": openinference}


def _rounds(count: int, is_async: bool, run: Callable[[Any], Any]) -> dict[str, list[float]]:
    """Per variant the median microseconds of the thread and of the process; variants in shuffled order, round-robin."""
    variants = _variants()
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    with capture_events() as seen, asyncio.Runner() as runner:
        for index in range(-_WARM_UP, count):
            for name in random.sample(list(variants), len(variants)):
                with variants[name]() as config:
                    if is_async:
                        figures = runner.run(langchain_task.measure_async(run, config))
                    else:
                        figures = langchain_task.measure(run, config)
                if index >= 0:
                    taken[name].append(figures)
            seen.clear()
    return {
        name: [statistics.median(figure[part] for figure in figures) * 1e6 for part in (0, 1)]
        for name, figures in taken.items()
    }


def _versions() -> str:
    found = []
    for name in _DISTRIBUTIONS:
        with contextlib.suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return ", ".join(found)


def main() -> None:
    """Measure every shape and mode."""
    count = int(sys.argv[1])
    taken = {
        f"{shape} {mode}": _rounds(count, is_async, run)
        for (shape, mode), (is_async, run) in langchain_task.MODES.items()
    }
    print(json.dumps({"versions": _versions(), "taken": taken}))


if __name__ == "__main__":
    main()
