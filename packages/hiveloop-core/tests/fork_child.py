"""Programs that fork while they report: ``python fork_child.py <scenario> <endpoint> [arguments]``."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import hiveloop
from fault_child import SCENARIOS, emit, init, say, scenario  # type: ignore[import-not-found]


def reap(children: list[int], seconds: float = 30) -> None:
    """Wait for children; those that hang are ended and counted."""
    deadline = time.monotonic() + seconds
    hung, bad = 0, 0
    for child in children:
        while True:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                bad += status != 0
                break
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                hung += 1
                break
            time.sleep(0.01)
    say(f"hung={hung} bad={bad}")


def fork(work: Callable[[], None]) -> int:
    """A raw child that leaves without any exit handler."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def report_and_flush(agent: hiveloop.Agent, origin: str, count: int = 100) -> None:
    """What a child does."""
    emit(agent, origin, count)
    if not hiveloop.flush(20):
        raise RuntimeError("not delivered")


@scenario
def fork_raw(endpoint: str, pending: str) -> None:
    """os.fork; the child flushes."""
    agent = init(endpoint)
    emit(agent, "parent", int(pending))
    reap([fork(lambda n=n: report_and_flush(agent, f"child-{n}")) for n in range(4)])  # type: ignore[misc]


@scenario
def fork_and_exit(endpoint: str, pending: str) -> None:
    """os.fork; the child leaves by sys.exit, through the exit handlers it inherited."""
    agent = init(endpoint)
    emit(agent, "parent", int(pending))
    children = []
    for number in range(4):
        child = os.fork()
        if not child:
            emit(agent, f"child-{number}", 100)
            sys.exit(0)
        children.append(child)
    reap(children)


@scenario
def fork_multiprocessing(endpoint: str, pending: str) -> None:
    """multiprocessing's fork; the child never flushes."""
    agent = init(endpoint)
    emit(agent, "parent", int(pending))
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=emit, args=(agent, f"child-{n}", 100)) for n in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
    say(f"hung={sum(c.is_alive() for c in children)} bad={sum(c.exitcode != 0 for c in children)}")


@scenario
def fork_worker(endpoint: str, pending: str) -> None:
    """Prefork: the child lives on, and its own thread delivers without being asked."""
    hb = hiveloop.init(endpoint=endpoint, flush_interval=0.05)
    agent, buffer = hb.agent("worker", heartbeat_interval=0), hb._buffer
    emit(agent, "parent", int(pending))

    def work(number: int) -> None:
        emit(agent, f"child-{number}", 100)
        deadline = time.monotonic() + 20
        while buffer.pending and time.monotonic() < deadline:
            time.sleep(0.01)

    reap([fork(lambda n=n: work(n)) for n in range(4)])  # type: ignore[misc]


@scenario
def fork_in_child_too(endpoint: str, pending: str) -> None:
    """A grandchild, with events pending in both generations before it."""
    agent = init(endpoint)
    emit(agent, "parent", int(pending))

    def work(number: int) -> None:
        emit(agent, f"child-{number}", 50)
        grandchild = fork(lambda: report_and_flush(agent, f"grandchild-{number}", 50))
        report_and_flush(agent, f"child-{number}-later", 0)
        os.waitpid(grandchild, 0)

    reap([fork(lambda n=n: work(n)) for n in range(4)])  # type: ignore[misc]


@scenario
def fork_under_threads(endpoint: str) -> None:
    """Thirty forks while eight threads report as fast as they can."""
    agent = init(endpoint, flush_interval=0.02, max_queue_size=1_000_000)
    stop = threading.Event()
    counts = [0] * 8

    def work(part: int) -> None:
        while not stop.is_set():
            emit(agent, f"thread-{part}", 5, first=counts[part])
            counts[part] += 5
            time.sleep(0.0005)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(8)]
    for thread in threads:
        thread.start()
    children = []
    for number in range(30):
        children.append(fork(lambda n=number: report_and_flush(agent, f"child-{n}", 20)))  # type: ignore[misc]
        time.sleep(0.002)
    stop.set()
    for thread in threads:
        thread.join()
    say(f"threads={sum(counts)}")
    reap(children)


@scenario
def fork_during_import(endpoint: str) -> None:
    """The delivery thread is in the middle of its imports when the program forks."""
    importing = threading.Event()

    class Slow:
        @staticmethod
        def find_spec(name: str, path: object, target: object = None) -> None:
            if name == "urllib3.connectionpool":
                importing.set()
                time.sleep(0.5)

    sys.meta_path.insert(0, Slow)
    agent = init(endpoint)
    emit(agent, "parent", 1)
    importing.wait(20)

    def work(number: int) -> None:
        import urllib3

        assert urllib3.__version__
        report_and_flush(agent, f"child-{number}")

    reap([fork(lambda: work(0))], seconds=15)


@scenario
def init_in_child(endpoint: str, method: str) -> None:
    """Only imported in the parent; each child makes its own client and never flushes."""
    context: Any = multiprocessing.get_context(method)
    children = [context.Process(target=child_with_init, args=(endpoint, n)) for n in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
    say(f"hung={sum(c.is_alive() for c in children)} bad={sum(c.exitcode != 0 for c in children)}")


def child_with_init(endpoint: str, number: int) -> None:
    """Target of :func:`init_in_child`; importable, as spawned children need it."""
    emit(init(endpoint), f"child-{number}", 100)


@scenario
def pool_terminated(endpoint: str) -> None:
    """``with Pool()`` terminates its children as soon as the results are there."""
    global _agent
    _agent = init(endpoint)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(pool_job, range(6), chunksize=1)


_agent: hiveloop.Agent


def pool_job(number: int) -> None:
    """Reports, and then takes a while."""
    emit(_agent, f"child-{number}", 10)
    time.sleep(0.4)


@scenario
def fork_during_shutdown(endpoint: str) -> None:
    """One thread stops the client, and takes its time, while another forks a worker that makes its own."""
    agent = init(endpoint, batch_size=10)
    emit(agent, "parent", 100)
    stopping = threading.Thread(target=hiveloop.shutdown)
    stopping.start()
    time.sleep(0.1)
    reap([fork(lambda: report_and_flush(init(endpoint), "child-0"))])
    stopping.join()


if __name__ == "__main__":
    SCENARIOS[sys.argv[1]](*sys.argv[2:])
