"""The peers of a run, and a handle on a worker process of one of them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.environments import (
    PUBLISHED_SDK,
    ROOT,
    Environment,
    EnvironmentUnavailableError,
    clean_variables,
)
from benchmarks.json_process import JsonProcess

__all__ = [
    "FLOOR",
    "OPENTELEMETRY",
    "OURS",
    "PEERS",
    "PUBLISHED",
    "PeerProcess",
    "Subject",
    "available",
]


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


class PeerProcess(JsonProcess):
    """A worker of one subject, for the ``with`` block; :meth:`ask` sends a command and waits for the answer."""

    def __init__(self, subject: Subject, endpoint: str, batch_size: int | None = None) -> None:
        self.subject = subject
        batch = [] if batch_size is None else [str(batch_size)]
        arguments = (subject.kind, endpoint, *batch)
        super().__init__(
            subject.python(), "worker", *arguments, name=subject.name, environment=clean_variables()
        )

    def ask(self, do: str, count: int = 0) -> dict[str, Any]:
        """The worker's answer to one command."""
        return self.asked({"do": do, "count": count})
