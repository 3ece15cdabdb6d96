"""The collector of the demo: `hiveboard serve` as a child process that ends with it, with a store that starts empty."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from .board import Board

__all__ = ["FOLDER", "Collector", "CollectorError", "free_port"]

_ROOT = Path(__file__).resolve().parents[2]
FOLDER = _ROOT / ".demo"
_START_SECONDS = 20.0
_STOP_SECONDS = 10.0
_PORTS_TRIED = 20


class CollectorError(RuntimeError):
    """The collector did not start; the message says why and what to do."""


def free_port(wanted: int) -> int:
    """``wanted``, or the next port nobody listens on; 0 lets the system choose."""
    for port in range(wanted, wanted + (_PORTS_TRIED if wanted else 1)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As servers do: a port in TIME_WAIT, from a demo that just ended, is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise CollectorError(
        f"Ports {wanted} to {wanted + _PORTS_TRIED - 1} are all taken; name another with --port."
    )


class Collector:
    """A running collector for the ``with`` block. ``url`` is where the dashboard is."""

    def __init__(self, port: int, folder: Path = FOLDER) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log_file(self) -> Path:
        return self._folder / f"collector-{self._port}.log"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        store = self._fresh_store()
        command = [sys.executable, "-m", "examples.demo.tethered", "serve"]
        command += ["--host", "127.0.0.1", "--port", str(self._port), "--store", str(store)]
        # Settings of another collector on this machine are not the demo's.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HIVEBOARD_")}
        with self.log_file.open("wb") as log:
            # A session of its own: Ctrl-C reaches the demo only, which stops the collector after the last event.
            self._process = subprocess.Popen(
                command,
                cwd=_ROOT,
                env=environment,
                stdin=subprocess.PIPE,  # never written to: it ends when this process does
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait_until_up()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        ended_by_itself = not self.is_running
        self._stop()
        if not ended_by_itself:
            self.log_file.unlink(missing_ok=True)

    @property
    def _store_folder(self) -> Path:
        """One per port, so that two demos side by side never share or delete a store."""
        return self._folder / f"store-{self._port}"

    def _fresh_store(self) -> Path:
        shutil.rmtree(self._store_folder, ignore_errors=True)
        self._store_folder.mkdir(parents=True)
        return self._store_folder / "hiveboard.sqlite3"

    def _wait_until_up(self) -> None:
        board = Board(self.url, "hb_live_local")
        give_up = time.monotonic() + _START_SECONDS
        while time.monotonic() < give_up:
            if not self.is_running:
                raise CollectorError(f"The collector ended while starting:\n{self._last_words()}")
            if board.is_up():
                return
            time.sleep(0.05)
        raise CollectorError(
            f"The collector did not answer within {_START_SECONDS:.0f} s:\n{self._last_words()}"
        )

    def _last_words(self) -> str:
        lines = self.log_file.read_text(errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-15:])

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        shutil.rmtree(self._store_folder, ignore_errors=True)
