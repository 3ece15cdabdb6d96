"""The peers of a run, and a handle on a worker process of one of them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.environments import (
    PUBLISHED_SDK,
    ROOT,
    Environment,
    EnvironmentUnavailableError,
    clean_variables,
)

__all__ = [
    "FLOOR",
    "OPENTELEMETRY",
    "OURS",
    "PEERS",
    "PUBLISHED",
    "PeerProcess",
    "Subject",
    "WorkerError",
    "available",
]


class WorkerError(RuntimeError):
    """A worker ended before it answered."""


@dataclass(frozen=True)
class Subject:
    """What is measured: its name, how :mod:`benchmarks.peers` drives it, where it is installed and as what."""

    name: str
    kind: str
    environment: Environment | None = None
    distribution: str = ""

    @property
    def label(self) -> str:
        """Name and installed version, for tables."""
        if self.environment is None:
            return self.name
        prefix = f"{self.distribution.replace('-', '_')}-"
        found = next(self.environment.folder.glob(f"lib/python*/site-packages/{prefix}*.dist-info"), None)
        return self.name if found is None else f"{self.name} {found.stem.removeprefix(prefix)}"

    def python(self) -> Path:
        """Its interpreter; that of this process when it needs none of its own."""
        return Path(sys.executable) if self.environment is None else self.environment.prepare()


OURS = Subject(
    "HiveLoop (ours)",
    "hiveloop",
    Environment("bench-core", (str(ROOT / "packages" / "hiveloop-core"),)),
    "hiveloop-core",
)
PUBLISHED = Subject("hiveloop", "hiveloop", PUBLISHED_SDK, "hiveloop")
OPENTELEMETRY = Subject(
    "OpenTelemetry SDK",
    "opentelemetry",
    Environment("bench-opentelemetry", ("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http")),
    "opentelemetry-sdk",
)
FLOOR = Subject("floor (tuple → deque)", "floor")
PEERS = (OURS, PUBLISHED, OPENTELEMETRY, FLOOR)


def available(subjects: tuple[Subject, ...]) -> tuple[list[Subject], dict[str, str]]:
    """Those that can run here, and the reason why the others cannot."""
    ready, missing = [], {}
    for subject in subjects:
        try:
            subject.python()
        except EnvironmentUnavailableError as error:
            missing[subject.name] = str(error)
        else:
            ready.append(subject)
    return ready, missing


class PeerProcess:
    """A worker of one subject, for the ``with`` block; :meth:`ask` sends a command and waits for the answer."""

    def __init__(self, subject: Subject, endpoint: str, batch_size: int | None = None) -> None:
        self.subject = subject
        batch = [] if batch_size is None else [str(batch_size)]
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self._process = subprocess.Popen(
            [str(subject.python()), "-m", "benchmarks.worker", subject.kind, endpoint, *batch],
            cwd=ROOT,
            env=clean_variables(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,  # exporters that cannot deliver say so at length
            text=True,
        )
        self._answer()  # it is ready

    def ask(self, do: str, count: int = 0) -> dict[str, Any]:
        """The worker's answer to one command."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, "count": count}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._said.seek(0)
            last = self._said.read().decode(errors="replace").strip().splitlines()[-1:]
            raise WorkerError(f"the worker of {self.subject.name} ended: {' '.join(last)}")
        return dict(json.loads(line))

    def leave(self) -> None:
        """Let it exit: its input ends here."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def wait(self, timeout: float) -> bool:
        """Whether it ended within ``timeout`` seconds."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._said.close()
