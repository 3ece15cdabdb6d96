"""G6: after a fork the child delivers its own events, the parent its own, each once, and nobody hangs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from . import faults
from .fault_sink import FaultSink
from .test_exit import arrived
from .test_exit import run as run_program

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

FINE = "hung=0 bad=0"


def run(scenario: str, sink: FaultSink, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_program(scenario, sink, *arguments, program=Path(__file__).with_name("fork_child.py"))


@pytest.mark.parametrize("pending", [0, 50])
@pytest.mark.parametrize("style", ["fork_raw", "fork_and_exit", "fork_multiprocessing", "fork_worker"])
def test_child_and_parent_each_deliver_their_own_once(style: str, pending: int) -> None:
    with FaultSink() as sink:
        done = run(style, sink, str(pending))
        assert done.returncode == 0, done.stderr
        assert done.stdout.split("\n")[0] == FINE, done.stderr
        expected = {f"child-{number}": list(range(100)) for number in range(4)}
        if pending:
            expected["parent"] = list(range(pending))
        assert arrived(sink) == expected
        assert sink.duplicates == 0
        # The parent and each child registered, each as a process of its own.
        assert len(sink.of_type("agent_registered")) == 5
        processes = {request.headers["x-hiveloop-client"].split(":")[0] for request in sink.requests}
        assert len(processes) == 5
        assert done.stderr == ""


def test_grandchildren() -> None:
    with FaultSink() as sink:
        done = run("fork_in_child_too", sink, "50")
        assert done.stdout.split("\n")[0] == FINE, done.stderr
        expected = {"parent": list(range(50))}
        for number in range(4):
            expected |= {f"child-{number}": list(range(50)), f"grandchild-{number}": list(range(50))}
        assert arrived(sink) == expected
        assert sink.duplicates == 0


def test_thirty_forks_under_eight_reporting_threads() -> None:
    with FaultSink() as sink:
        done = run("fork_under_threads", sink)
        assert done.returncode == 0, done.stderr
        threads, outcome = done.stdout.split("\n")[:2]
        assert outcome == FINE, done.stderr
        got = arrived(sink)
        assert {origin: len(numbers) for origin, numbers in got.items() if origin.startswith("child")} == {
            f"child-{number}": 20 for number in range(30)
        }
        of_threads = [got[f"thread-{part}"] for part in range(8)]
        assert all(numbers == list(range(len(numbers))) for numbers in of_threads)
        assert threads == f"threads={sum(map(len, of_threads))}"
        assert sink.duplicates == 0


def test_a_fork_in_the_middle_of_an_import_hangs_nobody() -> None:
    with FaultSink() as sink:
        done = run("fork_during_import", sink)
        assert done.stdout.split("\n")[0] == FINE, done.stderr
        assert arrived(sink) == {"parent": [0], "child-0": list(range(100))}


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_client_made_in_a_multiprocessing_child_delivers_at_its_end(method: str) -> None:
    with FaultSink() as sink:
        done = run("init_in_child", sink, method)
        assert done.stdout.split("\n")[0] == FINE, done.stderr
        assert arrived(sink) == {f"child-{number}": list(range(100)) for number in range(4)}
        assert sink.duplicates == 0
        processes = {request.headers["x-hiveloop-client"].split(":")[0] for request in sink.requests}
        assert len(processes) == 4, "no two children are the same process, nor number events alike"


def test_a_fork_during_a_shutdown() -> None:
    with FaultSink(faults.slow(0.05)) as sink:
        done = run("fork_during_shutdown", sink)
        assert done.returncode == 0, done.stderr
        assert done.stdout.split("\n")[0] == FINE, done.stderr
        assert arrived(sink) == {"parent": list(range(100)), "child-0": list(range(100))}
        assert sink.duplicates == 0


def test_children_of_a_pool_that_is_terminated_have_delivered_what_they_reported_in_time() -> None:
    with FaultSink() as sink:
        run("pool_terminated", sink)
        assert arrived(sink) == {f"child-{number}": list(range(10)) for number in range(6)}
