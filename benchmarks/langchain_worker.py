"""CPU of LangChain agent tasks in one process, asked for in lines of JSON: ``python -m benchmarks.langchain_worker WHO``.

``WHO`` is ``checkout`` or ``published``: whose handlers are installed in this environment. Each answer has, by variant,
the seconds of every task (of the calling thread, and of the process) and how many HiveLoop events one of them tells.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks import langchain_task
from benchmarks.langchain_variants import Variants, of_published, of_this_checkout

_WARM_UP = 3
_DISTRIBUTIONS = ("langchain", "langchain-core", "langgraph", "openinference-instrumentation-langchain")
_WHO = {"checkout": of_this_checkout, "published": of_published}


def _tasks(variants: Variants, shape: str, mode: str, count: int) -> dict[str, Any]:
    """``count`` tasks of each variant, in shuffled order, round-robin."""
    is_async, run = langchain_task.MODES[shape, mode]
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in variants.by_name}
    events: dict[str, int] = {}
    with asyncio.Runner() as runner:
        for index in range(-_WARM_UP, count):
            for name in random.sample(list(taken), len(taken)):
                with variants.by_name[name]() as config:
                    if is_async:
                        figures = runner.run(langchain_task.measure_async(run, config))
                    else:
                        figures = langchain_task.measure(run, config)
                if index >= 0:
                    taken[name].append(figures)
                elif index == -1:  # known agents are registered by now
                    events[name] = variants.told()
                if index < 0:
                    variants.forget()
            variants.forget()
    return {"seconds": taken, "events": events}


def _versions() -> dict[str, str]:
    found = {}
    for name in _DISTRIBUTIONS:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def main() -> None:
    """Serve questions until stdin ends."""
    with _WHO[sys.argv[1]]() as variants:
        ready = {"versions": _versions(), "modes": [list(mode) for mode in langchain_task.MODES]}
        print(json.dumps(ready), flush=True)
        for line in sys.stdin:
            asked: dict[str, Any] = json.loads(line)
            print(json.dumps(_tasks(variants, **asked)), flush=True)


if __name__ == "__main__":
    main()
