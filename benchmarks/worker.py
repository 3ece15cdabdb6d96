"""One SDK in one process, told what to do line by line on stdin: ``python -m benchmarks.worker KIND ENDPOINT [BATCH]``.

Answers each command with one line of JSON. ``thread_s`` is the CPU of the thread that calls the SDK, ``process_s``
that of the whole process, background threads included. At the end of its input it exits as any program does.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.peers import OPERATIONS, Peer, make

Answer = dict[str, Any]


def _measured(work: Callable[[], None]) -> Answer:
    gc.collect()
    wall, process, thread = time.perf_counter(), time.process_time(), time.thread_time()
    work()
    return {
        "thread_s": time.thread_time() - thread,
        "process_s": time.process_time() - process,
        "wall_s": time.perf_counter() - wall,
    }


def _round(peer: Peer, operation: str, count: int) -> Answer:
    answer = _measured(lambda: getattr(peer, operation)(count))
    peer.settle()
    return answer


def _drain(peer: Peer, count: int) -> Answer:
    """Everything from the first event to the end of a normal shutdown."""

    def work() -> None:
        peer.events(count)
        peer.stop()

    return _measured(work)


def _obey(peer: Peer, command: dict[str, Any]) -> Answer:
    do, count = command["do"], int(command.get("count", 0))
    if do in OPERATIONS:
        return _round(peer, do, count)
    if do == "drain":
        return _drain(peer, count)
    if do == "queue":  # leave them pending: what happens at exit is the question
        peer.events(count)
        return {}
    raise ValueError(f"unknown command {do!r}")


def main() -> None:
    """Serve commands until stdin ends."""
    kind, endpoint, *rest = sys.argv[1:]
    peer = make(kind)
    peer.start(endpoint, int(rest[0]) if rest else None)
    print("{}", flush=True)  # ready
    for line in sys.stdin:
        print(json.dumps(_obey(peer, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
