"""The lower bound is a claim: the behaviour tests run again in environments with other versions of tenacity."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from benchmarks.environments import ROOT, Environment, EnvironmentUnavailableError, clean_variables

HERE = Path(__file__).parent
SUITE = ("retries", "endings", "nesting", "hooks", "watch", "install", "beside_others", "conformance")
OWN = tuple(str(ROOT / "packages" / name) for name in ("hiveloop-core", "hiveloop-tenacity"))
#: The lowest; the first whose loop keeps a state of its own; the first with `async with attempt`; the highest there is.
VERSIONS = {
    "lowest": "tenacity==8.2.3",
    "8.3": "tenacity==8.3.0",
    "9.0": "tenacity==9.0.0",
    "highest": "tenacity>=9.2",
}
_SUITE_SECONDS = 100


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_the_behaviour_is_the_same(version: str) -> None:
    environment = Environment(
        f"tenacity-{version}",
        (VERSIONS[version], "pytest>=8", "pytest-asyncio", "pytest-timeout", "wrapt", *OWN),
    )
    try:
        python = environment.prepare()
    except EnvironmentUnavailableError as error:
        reason = f"{VERSIONS[version]} could not be installed: {error}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    files = [str(HERE / f"test_{name}.py") for name in SUITE]
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files],
        cwd=ROOT,
        env=clean_variables(),
        capture_output=True,
        text=True,
        timeout=_SUITE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert " passed" in done.stdout
