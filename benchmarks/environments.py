"""Python environments of their own under ``.tools/``: for peers that cannot share ours, and for clean installs."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PUBLISHED_SDK", "ROOT", "Environment", "EnvironmentUnavailableError", "clean_variables"]

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".tools"
_INSTALL_SECONDS = 300


class EnvironmentUnavailableError(RuntimeError):
    """An environment could not be made; the message is the reason, in one line."""


@dataclass(frozen=True)
class Environment:
    """A folder ``.tools/{name}`` with exactly these requirements: names, or paths of this checkout's packages."""

    name: str
    requirements: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return TOOLS / self.name

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def prepare(self) -> Path:
        """Its interpreter. Made at the first call, by one process at a time; made anew when what is in it changed.

        Raises:
            EnvironmentUnavailableError: no tool, no network, or no such version.
        """
        with _locked(self.name):
            stamp, wanted = self.folder / ".complete", self._fingerprint()
            if not (stamp.exists() and stamp.read_text() == wanted and self.python.exists()):
                shutil.rmtree(self.folder, ignore_errors=True)
                self._install()
                stamp.write_text(wanted)
        return self.python

    def _fingerprint(self) -> str:
        """Changes with the requirements, this Python, and the sources of our own packages."""
        seen = hashlib.sha256("\n".join((sys.version, *self.requirements)).encode())
        for requirement in self.requirements:
            for file in sorted(Path(requirement).rglob("*.py")) if "/" in requirement else ():
                seen.update(str(file).encode() + file.read_bytes())
        return seen.hexdigest()

    def _install(self) -> None:
        uv = shutil.which("uv") or shutil.which("uv", path=str(TOOLS / "uv" / "bin"))
        if uv is not None:
            _run(uv, "venv", "--quiet", "--python", sys.executable, str(self.folder))
            # Packages of this checkout keep their version while they change, so nothing of them may come from a cache.
            own = [f"--refresh-package={Path(path).name}" for path in self.requirements if "/" in path]
            _run(
                uv,
                "pip",
                "install",
                "--quiet",
                "--compile-bytecode",
                *own,
                f"--python={self.python}",
                *self.requirements,
            )
        else:
            _run(sys.executable, "-m", "venv", str(self.folder))
            _run(
                str(self.python),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                *self.requirements,
            )


#: The SDK that is in the field.
PUBLISHED_SDK = Environment("compat-0.2.0", ("hiveloop==0.2.0",))


def clean_variables(**more: str) -> dict[str, str]:
    """Environment variables without anything that would change an import path, a proxy, or a setting of ours."""
    unwanted = ("PYTHON", "VIRTUAL_ENV", "HIVE", "OTEL_", "LANGSMITH", "LANGCHAIN", "COV_")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(unwanted) and not name.lower().endswith("_proxy")
    }
    return {**kept, **more}


def _run(*command: str) -> None:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS,
            check=False,
            env=_installer_variables(),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentUnavailableError(f"{Path(command[0]).name}: {error}") from error
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise EnvironmentUnavailableError(" ".join(lines[-3:])[:300] or f"exit status {done.returncode}")


def _installer_variables() -> dict[str, str]:
    """Those of the caller: an index or proxy it names is meant for installs."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    }


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """One process at a time: test workers ask for the same environment at once."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
