"""Programs that end while they report, or are interrupted: ``python fault_child.py <scenario> <endpoint>``."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import hiveloop

SCENARIOS: dict[str, Callable[..., None]] = {}


def scenario(fn: Callable[..., None]) -> Callable[..., None]:
    """Make a function runnable by its name."""
    SCENARIOS[fn.__name__] = fn
    return fn


def init(endpoint: str, flush_interval: float = 3600, **settings: Any) -> hiveloop.Agent:
    """A client that sends when a batch is full, and an agent."""
    hb = hiveloop.init(endpoint=endpoint, flush_interval=flush_interval, **settings)
    return hb.agent("worker", heartbeat_interval=0)


def emit(agent: hiveloop.Agent, origin: str, count: int, first: int = 0) -> None:
    """Events told apart by who sent them and their number."""
    for number in range(first, first + count):
        agent.event("custom", {"kind": "step", "data": {"origin": origin, "number": number}})


def say(word: str) -> None:
    """One line to the test."""
    print(word, flush=True)  # noqa: T201


# -- ends --


@scenario
def queued(endpoint: str) -> None:
    """2,000 events and the end."""
    emit(init(endpoint, batch_size=500), "main", 2_000)
    say("ending")


@scenario
def normal(endpoint: str) -> None:
    """Falls off its end."""
    emit(init(endpoint), "main", 1_000)


@scenario
def sys_exit(endpoint: str) -> None:
    """sys.exit with a status."""
    emit(init(endpoint), "main", 1_000)
    sys.exit(7)


@scenario
def uncaught(endpoint: str) -> None:
    """An exception nobody catches, inside a task."""
    agent = init(endpoint)
    with agent.task("t"):
        emit(agent, "main", 1_000)
        raise RuntimeError("uncaught")


@scenario
def keyboard_interrupt(endpoint: str) -> None:
    """Ctrl-C."""
    emit(init(endpoint), "main", 1_000)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)


@scenario
def thread_outlives_main(endpoint: str) -> None:
    """The main thread ends first; a thread that is no daemon reports until its own end."""
    agent = init(endpoint)

    def work() -> None:
        time.sleep(0.1)
        emit(agent, "main", 1_000)

    threading.Thread(target=work).start()


@scenario
def exit_handler_before_init(endpoint: str) -> None:
    """An exit handler registered after the import and before init runs before the client stops."""
    agents: list[hiveloop.Agent] = []
    atexit.register(lambda: emit(agents[0], "main", 500, first=500))
    agents.append(init(endpoint))
    emit(agents[0], "main", 500)


@scenario
def exit_handler_after_init(endpoint: str) -> None:
    """So does one registered after it."""
    agent = init(endpoint)
    emit(agent, "main", 500)
    atexit.register(lambda: emit(agent, "main", 500, first=500))


@scenario
def first_event_at_exit(endpoint: str) -> None:
    """The client's thread has yet to be started when the program ends."""
    hb = hiveloop.init(endpoint=endpoint)
    atexit.register(lambda: emit(hb.agent("worker", heartbeat_interval=0), "main", 1_000))


@scenario
def shutdown_by_hand(endpoint: str) -> None:
    """The explicit call; the exit handler finds nothing to do."""
    emit(init(endpoint), "main", 1_000)
    hiveloop.shutdown()


@scenario
def shutdown_in_daemon_thread(endpoint: str) -> None:
    """The program must not end under a shutdown that another thread began."""
    emit(init(endpoint), "main", 1_000)
    began = threading.Event()

    def stop() -> None:
        began.set()
        hiveloop.shutdown()

    threading.Thread(target=stop, daemon=True).start()
    began.wait()


@scenario
def inside_asyncio(endpoint: str) -> None:
    """From a coroutine, with a task left open by the loop's end."""
    import asyncio

    agent = init(endpoint)

    async def main() -> None:
        emit(agent, "main", 1_000)

    asyncio.run(main())


@scenario
def slow_import(endpoint: str) -> None:
    """A cold disk: what the delivery thread imports takes longer than a stalled delivery would be waited for."""

    class Slow:
        @staticmethod
        def find_spec(name: str, path: object, target: object = None) -> None:
            if name == "urllib3":
                time.sleep(1.6)

    sys.meta_path.insert(0, Slow)
    emit(init(endpoint), "main", 1_000)


# -- signals and finalizers that report --


@scenario
def reporting_signal_handler(endpoint: str) -> None:
    """A handler that reports interrupts reporting, thousands of times."""
    agent = init(endpoint, batch_size=10)
    numbers = iter(range(10**9))

    def handle(*_: object) -> None:
        emit(agent, "handler", 1, first=next(numbers))

    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    emit(agent, "main", 20_000)
    signal.setitimer(signal.ITIMER_REAL, 0)
    say(str(next(numbers)))


@scenario
def reporting_finalizers(endpoint: str) -> None:
    """Objects in reference cycles report when the collector of garbage gets to them: on any thread, anywhere."""
    import gc

    agent = init(endpoint, batch_size=10)
    numbers = iter(range(10**9))
    done: list[int] = []

    class Cyclic:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            number = next(numbers)
            emit(agent, "finalizer", 1, first=number)
            done.append(number)

    gc.set_threshold(5)
    for number in range(10_000):
        Cyclic()
        emit(agent, "main", 1, first=number)
    gc.set_threshold(0)
    while len(done) < 10_000:  # a collection may be under way on the delivery thread, and only one can be
        gc.collect()
        time.sleep(0.01)
    say(str(len(done)))


if __name__ == "__main__":
    # Whoever runs the tests in the background of a shell has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    SCENARIOS[sys.argv[1]](*sys.argv[2:])
