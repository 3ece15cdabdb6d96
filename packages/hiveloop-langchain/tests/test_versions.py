"""The lowest versions of LangChain and LangGraph, in an environment of their own, pass this package's tests too."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from benchmarks.environments import ROOT, Environment, EnvironmentUnavailableError, clean_variables

LOWEST = Environment(
    "langchain-lowest",
    (
        "langchain-core==1.0.7",
        "langgraph==1.0.4",
        "langgraph-prebuilt==1.0.5",
        "langchain==1.0.8",
        "msgspec>=0.19",
        "urllib3>=2",
        "pytest>=8",
        "pytest-asyncio",
        "pytest-timeout",
        "hypothesis",
    ),
)
#: What needs no provider's client: runs, endings, approvals, threads, retries, content, usage.
FILES = (
    "agents",
    "conformance",
    "content",
    "endings",
    "gate_middleware",
    "interleaving",
    "interrupts",
    "pure",
    "retries",
    "usage",
)


def lowest_python() -> Path:
    """The interpreter of that environment; in CI a failed install fails, elsewhere it skips with the reason."""
    try:
        return LOWEST.prepare()
    except EnvironmentUnavailableError as error:
        reason = f"{LOWEST.requirements[0]} could not be installed: {error}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_the_lowest_versions_pass() -> None:
    sources = [ROOT / "packages" / name / "src" for name in ("hiveloop-core", "hiveloop-langchain")]
    files = [f"packages/hiveloop-langchain/tests/test_{name}.py" for name in FILES]
    done = subprocess.run(
        [lowest_python(), "-m", "pytest", "-q", "-x", "-p", "hiveloop.testing._pytest_plugin", *files],
        env=clean_variables(PYTHONPATH=os.pathsep.join([str(ROOT), *(str(path) for path in sources)])),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-1_000:]
    assert " passed" in done.stdout
