"""A worker in a process of its own that is asked in lines of JSON and answers in lines of JSON."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.environments import ROOT

__all__ = ["JsonProcess", "WorkerError"]


class WorkerError(RuntimeError):
    """A worker ended before it answered; the message has the last line it said."""


class JsonProcess:
    """A module of this folder, run by ``python`` for the ``with`` block; :attr:`ready` is what it said first.

    Raises:
        WorkerError: it ended instead.
    """

    def __init__(
        self, python: Path, module: str, *arguments: str, name: str, environment: Mapping[str, str]
    ) -> None:
        self._name = name
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self._process = subprocess.Popen(
            [str(python), "-m", f"benchmarks.{module}", *arguments],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,  # exporters that cannot deliver say so at length
            text=True,
        )
        try:
            self.ready = self._answer()
        except WorkerError:
            self._end()
            raise

    def asked(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The worker's answer to one question."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._said.seek(0)
            last = self._said.read().decode(errors="replace").strip().splitlines()[-1:]
            raise WorkerError(f"the worker of {self._name} ended: {' '.join(last)}")
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

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._said.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._end()
