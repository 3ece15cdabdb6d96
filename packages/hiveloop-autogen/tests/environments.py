"""Environments with other versions of AutoGen, and a way to run a driver in one of them against this checkout."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks.environments import ROOT, Environment, EnvironmentUnavailableError, clean_variables

__all__ = ["AGENTCHAT_LOWEST", "AGENTCHAT_MIDDLE", "CLASSIC", "CLASSIC_LOWEST", "drive", "run_driver"]

#: What our own packages need: they are not installed there, but read from this checkout.
_OURS = ("msgspec>=0.19", "urllib3>=2")
_RUN_SECONDS = 100

AGENTCHAT_LOWEST = Environment("autogen-0.5.1", ("autogen-agentchat==0.5.1", "autogen-core==0.5.1", *_OURS))
AGENTCHAT_MIDDLE = Environment("autogen-0.6.4", ("autogen-agentchat==0.6.4", "autogen-core==0.6.4", *_OURS))
CLASSIC_LOWEST = Environment("ag2-classic-lowest", ("ag2[openai]==0.9.10", "vcrpy>=9", *_OURS))
CLASSIC = Environment("ag2-classic", ("ag2[openai]==0.14.0", "vcrpy>=9", *_OURS))


def run_driver(environment: Environment, driver: str, *arguments: str) -> Any:
    """What ``drivers/{driver}.py`` prints as JSON. In CI a failed install fails, elsewhere it skips with the reason."""
    try:
        python = environment.prepare()
    except EnvironmentUnavailableError as error:
        reason = f"{environment.requirements[0]} could not be installed: {error}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return drive(python, driver, *arguments)


def drive(python: Path | str, driver: str, *arguments: str) -> Any:
    """Run a driver with this interpreter."""
    sources = [ROOT / "packages" / name / "src" for name in ("hiveloop-core", "hiveloop-autogen")]
    script = Path(__file__).parent / "drivers" / f"{driver}.py"
    done = subprocess.run(
        [python, "-W", "ignore", script, *arguments],
        env=clean_variables(PYTHONPATH=os.pathsep.join(str(path) for path in sources)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_RUN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
