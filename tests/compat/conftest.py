"""One collector and one day of the published SDK against it, shared by the tests of a worker."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.environments import PUBLISHED_SDK, ROOT, EnvironmentUnavailableError, clean_variables
from examples.demo.collector import Collector, free_port
from tests.compat.api import KEY, Api

_DAY_SECONDS = 60


@dataclass(frozen=True)
class Day:
    """The collector after the day, and what the driver said of itself."""

    api: Api
    told: dict[str, Any]


def published_python() -> Path:
    """The interpreter that has the published SDK; in CI a failed install fails, elsewhere it skips with the reason."""
    try:
        return PUBLISHED_SDK.prepare()
    except EnvironmentUnavailableError as error:
        reason = f"hiveloop==0.2.0 could not be installed: {error}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def collector_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A collector of its own, on a free port, with an empty store."""
    with Collector(free_port(0), tmp_path_factory.mktemp("collector")) as collector:
        yield collector.url


@pytest.fixture(scope="session")
def day(collector_url: str, tmp_path_factory: pytest.TempPathFactory) -> Day:
    """The published SDK works through its day; what the collector answers afterwards is what the tests ask for."""
    done = subprocess.run(
        [published_python(), "-m", "tests.compat.published", collector_url, KEY],
        cwd=ROOT,
        # The published SDK looks for a configuration file in the home directory.
        env=clean_variables(HOME=str(tmp_path_factory.mktemp("home"))),
        capture_output=True,
        text=True,
        timeout=_DAY_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Day(Api(collector_url), json.loads(done.stdout))
