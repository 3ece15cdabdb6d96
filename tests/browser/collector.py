"""A real collector as a child process, with a store of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .story import Story, send

_SERVE = "import sys; from hiveboard.cli import main; sys.argv = ['hiveboard', *sys.argv[1:]]; main()"


class Collector:
    """``hiveboard serve`` on loopback. ``url`` is what the process printed as its first line."""

    def __init__(self, folder: Path, key: str | None = None) -> None:
        self._store = folder / "hive.db"
        self._log = folder / "collector.log"
        self._key = key
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> Collector:
        """Start, the second time on the same port as the first."""
        port = self.url.rsplit(":", 1)[-1] if self.url else "0"
        command = [sys.executable, "-c", _SERVE, "serve", "--port", port, "--store", str(self._store)]
        if self._key is not None:
            command += ["--key", self._key]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HIVEBOARD_")}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment, cwd=self._log.parent
            )
        assert self._process.stdout is not None
        first = self._process.stdout.readline().strip()
        if not first.startswith("http"):
            self.stop()
            raise RuntimeError(f"the collector did not start: {first!r}\n{self._log.read_text()}")
        self.url = first.rstrip("/")
        return self

    def stop(self) -> None:
        """End the process and wait for it."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=15)
        if process.stdout is not None:
            process.stdout.close()

    def tell(self, story: Story) -> None:
        """Send what a story holds, as its agent would."""
        send(self.url, story, self._key or "hb_live_browser_tests")
