"""Locks that the program's threads reach survive forks under load, and handlers that interrupt their holder."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hiveloop._locks import Lock

FORKING = """
import os, threading, time
import hiveloop
from hiveloop.middleware import Sample

hiveloop.init(endpoint="http://127.0.0.1:9", middleware=[Sample(0.0, keep_failures=True)])
agent = hiveloop.agent("a", heartbeat_interval=0)
stop = threading.Event()

def work(number):
    while not stop.is_set():
        with agent.task(f"{number}") as task:
            task.event("custom", {"kind": "k"})

threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(8)]
for thread in threads:
    thread.start()
hung = 0
for _ in range(30):
    child = os.fork()
    if child == 0:
        with agent.task("child") as task:
            task.event("custom", {"kind": "k"})
        os._exit(0)
    deadline = time.monotonic() + 20
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, 9)
            os.waitpid(child, 0)
            hung += 1
            break
        time.sleep(0.002)
    if hung:
        break
stop.set()
print("hung", hung, flush=True)
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_no_child_hangs_when_forked_under_eight_sampling_threads() -> None:
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, timeout=100)
    assert done.stdout.strip() == "hung 0", done.stderr


def test_a_holder_may_enter_again() -> None:
    lock = Lock()
    with lock, lock:
        pass
