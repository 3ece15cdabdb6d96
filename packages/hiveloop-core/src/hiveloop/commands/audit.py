"""``hiveloop audit``: run a script with standard output in place of the network."""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import io
import os
import runpy
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from types import ModuleType, TracebackType
from typing import IO, NamedTuple

import msgspec

from hiveloop import _client, _outlet
from hiveloop._runtime import Session, runtime

from .pretty import Pretty
from .terminal import Paint
from .totals import Totals, marks_of

__all__ = ["Program", "audit"]

#: Files whose frames are not the script's.
_OURS = (os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "<frozen runpy>")


class Program(NamedTuple):
    """What to run: a script or a module, and its arguments."""

    script: str | None
    module: str | None
    arguments: list[str]

    def problem(self) -> str | None:
        """Why it cannot be run."""
        if self.script is None and not self.module:
            return "name a script, or a module with -m"
        if self.script is not None and not os.path.isfile(self.script):
            return f"there is no file {self.script}"
        if sys.stdout is None:
            return "standard output is closed: there is no place to show anything"
        return None

    def run(self) -> None:
        """As python would: its own ``__main__``, arguments and first place to import from. What it raises comes out."""
        name = self.module or self.script or ""
        sys.argv = [name, *self.arguments]
        if not sys.flags.safe_path:
            sys.path[0] = os.getcwd() if self.module else os.path.dirname(os.path.abspath(name))
        if self.module:
            runpy.run_module(self.module, run_name="__main__", alter_sys=True)
            return
        path = os.path.abspath(name)
        with io.open_code(path) as file:
            code = compile(file.read(), path, "exec")
        # Ours stays behind: what the script defines must be found in `__main__` until the very end.
        main = ModuleType("__main__")
        main.__file__ = path
        main.__builtins__ = __builtins__  # type: ignore[attr-defined]
        main.__loader__ = importlib.util.spec_from_file_location("__main__", path).loader  # type: ignore[union-attr]
        sys.modules["__main__"] = main
        exec(code, main.__dict__)


def audit(program: Program, *, pretty: bool) -> int:
    """Run it and show what it would send. Returns 0 or 2; what the script raises, its SystemExit too, is its own."""
    problem = program.problem()
    if problem is not None:
        print(f"hiveloop audit: {problem}", file=sys.stderr)  # noqa: T201
        return 2
    show = _Show(_take_stdout(), pretty)
    os.environ[_outlet.AUDIT_VARIABLE] = show.folder
    _outlet.take(show.write)
    _watch_sessions(show.sessions)
    # After the exit handlers of the script, which may still tell something.
    atexit.register(show.finish)
    sys.excepthook = _tell
    program.run()
    return 0


def _take_stdout() -> IO[bytes]:
    """Standard output for us alone: what the script prints, and what it starts prints, goes to standard error."""
    sys.stdout.flush()
    ours = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return ours


def _watch_sessions(sessions: list[Session]) -> None:
    """Every session that starts, so that its drops and its middleware are known when it is over."""
    start = runtime.start

    def watched(session: Session) -> None:
        sessions.append(session)
        start(session)

    runtime.start = watched  # type: ignore[method-assign]


def _tell(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """What the script raised, as python would tell it: without the frames that ran the script."""
    inner = traceback
    while inner is not None and inner.tb_frame.f_code.co_filename.startswith(_OURS):
        inner = inner.tb_next
    sys.__excepthook__(kind, error.with_traceback(inner), inner)


class _Show:
    """Writes what would be sent, counts it, and tells the totals when the process ends."""

    def __init__(self, out: IO[bytes], pretty: bool) -> None:
        self.folder = tempfile.mkdtemp(prefix="hiveloop-audit-")
        self.sessions: list[Session] = []
        self._out = out
        self._pretty = Pretty(Paint(out.isatty())) if pretty else None
        self._totals = Totals()
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def write(self, body: bytes) -> None:
        """One request."""
        marks = marks_of(self.sessions)
        line = body + b"\n" if self._pretty is None else self._pretty.request(body, marks).encode()
        with self._lock:
            self._totals.add(body, marks)
            try:
                left = memoryview(line)
                while left:
                    left = left[self._out.write(left) :]
            except BrokenPipeError:
                self._out = open(os.devnull, "wb", buffering=0)  # noqa: SIM115 - whoever read has seen enough

    def finish(self) -> None:
        """At the end of the process: what is left, what children of the script left, the totals."""
        if os.getpid() != self._pid:
            return
        _client._at_exit()
        for kept in sorted(Path(self.folder).glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns):
            self._totals.processes += 1
            for line in kept.read_bytes().split(b"\n"):
                # A process that was killed may have left half a line.
                with contextlib.suppress(msgspec.DecodeError):
                    if line:
                        self.write(line)
        shutil.rmtree(self.folder, ignore_errors=True)
        sys.stdout.flush()
        print(self._totals.text(self.sessions), file=sys.stderr, flush=True)  # noqa: T201
