"""A real ``hiveboard serve`` to be measured: on a free port, with a store that outlives it."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.environments import clean_variables

__all__ = ["KEY", "CollectorProcess", "CollectorStartError"]

KEY = "hb_live_benchmark"
_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
_POLL_SECONDS = 0.005


class CollectorStartError(RuntimeError):
    """The collector did not come up; the message is its last line."""


class CollectorProcess:
    """A collector on ``store`` for the ``with`` block. ``start_seconds``: from the command to the first healthy answer."""

    def __init__(self, store: Path) -> None:
        command = [
            str(Path(sys.executable).with_name("hiveboard")),
            "serve",
            "--port",
            "0",
            "--store",
            str(store),
        ]
        self._log = store.with_suffix(".log").open("w+")
        started = time.perf_counter()
        self._process = subprocess.Popen(
            command, env=clean_variables(), stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        assert self._process.stdout is not None
        url = self._process.stdout.readline().strip()
        self.address = url.removeprefix("http://").rstrip("/")
        self._wait_until_healthy(url)
        self.start_seconds = time.perf_counter() - started

    def _wait_until_healthy(self, url: str) -> None:
        give_up = time.monotonic() + _START_SECONDS
        while url.startswith("http://") and self._process.poll() is None and time.monotonic() < give_up:
            connection = http.client.HTTPConnection(self.address, timeout=5)
            try:
                connection.request("GET", "/v1/health")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                time.sleep(_POLL_SECONDS)
            finally:
                connection.close()
        self._process.kill()
        self._log.seek(0)
        raise CollectorStartError(" ".join(self._log.read().strip().splitlines()[-1:]) or url or "no answer")

    def cpu_seconds(self) -> float | None:
        """User and system CPU so far; ``None`` where the system does not tell."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else None

    def rss_mb(self) -> float | None:
        """Memory in use now, in MB."""
        return self._status("VmRSS")

    def peak_rss_mb(self) -> float | None:
        """The most it ever used, in MB."""
        return self._status("VmHWM")

    def _status(self, name: str) -> float | None:
        lines = [line.split() for line in self._proc("status").splitlines() if line.startswith(name)]
        return int(lines[0][1]) * 1_024 / 1e6 if lines else None

    def _proc(self, file: str) -> str:
        try:
            return Path(f"/proc/{self._process.pid}/{file}").read_text()
        except OSError:
            return ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()
