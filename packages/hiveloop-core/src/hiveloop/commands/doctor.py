"""``hiveloop doctor``: what may keep events from arriving, checked one by one, each with its fix."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue

from hiveloop import config
from hiveloop._safety import attempt
from hiveloop.errors import HiveLoopConfigError

from .collector import Collector
from .environment import adapters, installation, masked, variables
from .findings import Finding, bad, good, note, tell

__all__ = ["doctor"]

#: For everything that needs the network; the rest takes a moment.
_NETWORK_SECONDS = 4.0


def doctor(endpoint: str | None, api_key: str | None, *, sends: bool) -> int:
    """Print each finding as it is made. Returns 1 when something is wrong, else 0; within 5 s whatever the network does."""
    wrong = False
    try:
        for finding in _findings(endpoint, api_key, sends):
            wrong = wrong or finding.state == "bad"
            tell(finding, sys.stdout)
    except BrokenPipeError:  # whoever read has seen enough; python would say so again when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(wrong)


def _findings(endpoint: str | None, api_key: str | None, sends: bool) -> Iterator[Finding]:
    # Beside the rest, which takes its own time.
    settings, problem = _settings(endpoint, api_key)
    network = None if settings is None else _Network(settings, sends, has_key=problem is None)
    yield from installation()
    yield from variables()
    yield from adapters()
    if problem is not None:
        yield bad(str(problem), "put it right where init is called, or in its HIVELOOP_… variable")
    elif settings is not None:
        yield _key(settings, api_key)
    if network is not None:
        yield from network.findings()


def _settings(
    endpoint: str | None, api_key: str | None
) -> tuple[config.Settings | None, HiveLoopConfigError | None]:
    """What init would make of them, and what it would raise. Where only the key is wrong, the rest can be looked at."""
    try:
        return config.load({"endpoint": endpoint, "api_key": api_key}), None
    except HiveLoopConfigError as error:
        problem = error
    try:
        return config.load({"endpoint": endpoint, "api_key": config.LOCAL_KEY}), problem
    except HiveLoopConfigError as error:
        return None, error


def _key(settings: config.Settings, given: str | None) -> Finding:
    key = settings.api_key
    if given is None and not os.environ.get("HIVELOOP_API_KEY"):
        return good("no key is given; on this machine none is needed while the collector has none")
    if key.startswith("hb_read_"):
        return bad(
            f"the key {masked(key)} is for reading: it cannot send",
            "use one that begins with hb_live_ or hb_test_",
        )
    if not key.startswith(("hb_live_", "hb_test_")):
        return note(
            f"the key {masked(key)} begins with neither hb_live_ nor hb_test_", "is it a collector's key?"
        )
    return good(f"the key {masked(key)} has the form of one")


class _Network:
    """Everything that asks the collector, in a thread of its own: looking up a name may hang for longer than we wait."""

    def __init__(self, settings: config.Settings, sends: bool, *, has_key: bool) -> None:
        self._endpoint = settings.endpoint
        self._collector = Collector(settings, time.monotonic() + _NETWORK_SECONDS)
        self._sends = sends
        self._has_key = has_key
        self._said: SimpleQueue[Finding | None] = SimpleQueue()
        self._give_up_at = time.monotonic() + _NETWORK_SECONDS
        threading.Thread(target=self._run, name="hiveloop-doctor", daemon=True).start()

    def _run(self) -> None:
        attempt(self._ask, "doctor")
        self._said.put(None)

    def _ask(self) -> None:
        for finding in self._collector.findings(has_key=self._has_key, sends=self._sends):
            self._said.put(finding)

    def findings(self) -> Iterator[Finding]:
        """As they come; when time is up, that."""
        while True:
            try:
                finding = self._said.get(timeout=max(0.05, self._give_up_at - time.monotonic()))
            except Empty:
                yield bad(
                    f"no answer from {self._endpoint} within {_NETWORK_SECONDS:g} s",
                    "is the address right, and does a firewall or a name server in between let it through?",
                )
                return
            if finding is None:
                return
            yield finding
