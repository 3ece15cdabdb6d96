"""Each wheel installs alone into an empty environment, imports there, and says what it lacks."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

#: What each distribution must be able to do with nothing but its own dependencies installed.
PROOFS = {
    "hiveloop-core": """
import sys, hiveloop, hiveloop.events, hiveloop.testing, hiveloop.middleware, hiveloop.contrib.log_handler
assert "urllib3" not in sys.modules, "urllib3 must be loaded by the sender thread only"
assert not {"starlette", "langchain_core", "pydantic"} & set(sys.modules)
""",
    "hiveloop-langchain": """
import sys, hiveloop, hiveloop_langchain
assert "langchain_core" not in sys.modules
try:
    hiveloop_langchain.instrument()
except hiveloop.AdapterUnavailable as error:
    assert "pip install" in str(error), error
else:
    raise AssertionError("instrument() without LangChain must raise AdapterUnavailable")
assert hiveloop.instrument() == ()
""",
    "hiveloop-tenacity": """
import sys, hiveloop, hiveloop_tenacity
assert hiveloop_tenacity.chain(hiveloop_tenacity.before_sleep)
assert "tenacity" not in sys.modules
for turn_on in (hiveloop_tenacity.instrument, lambda: hiveloop_tenacity.watch(print)):
    try:
        turn_on()
    except hiveloop.AdapterUnavailable as error:
        assert "pip install" in str(error), error
    else:
        raise AssertionError("without tenacity it must raise AdapterUnavailable")
assert hiveloop.instrument() == ()
""",
    "hiveloop-autogen": """
import sys, hiveloop, hiveloop_autogen
assert hiveloop_autogen.observe and hiveloop_autogen.RunInfo and hiveloop_autogen.adapter
assert not {"autogen_core", "autogen_agentchat", "autogen"} & set(sys.modules)
try:
    hiveloop_autogen.instrument()
except hiveloop.AdapterUnavailable as error:
    assert "pip install" in str(error), error
else:
    raise AssertionError("instrument() without AutoGen must raise AdapterUnavailable")
assert hiveloop.instrument() == ()
""",
    "hiveloop-crewai": """
import sys, hiveloop, hiveloop_crewai
assert "crewai" not in sys.modules
try:
    hiveloop_crewai.instrument()
except hiveloop.AdapterUnavailable as error:
    assert "pip install" in str(error), error
else:
    raise AssertionError("instrument() without CrewAI must raise AdapterUnavailable")
assert hiveloop.instrument() == ()
""",
    "hiveboard": """
import importlib.resources, hiveboard, hiveboard.app, hiveboard.cli
page = importlib.resources.files("hiveboard") / "dashboard" / "static" / "index.html"
assert page.is_file(), "the wheel must hold the built dashboard"
""",
}


def run(*command: str | Path, cwd: Path | None = None) -> None:
    """Run a command; on failure show what it said and stop."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"failed: {' '.join(str(part) for part in command)}\n{done.stdout}{done.stderr}")


def main() -> None:
    """Build all wheels, then prove each in an environment of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uv", default="uv", help="the uv to use")
    parser.add_argument("packages", nargs="+", type=Path)
    options = parser.parse_args()
    uv = os.path.abspath(options.uv) if os.sep in options.uv else options.uv
    with tempfile.TemporaryDirectory(prefix="wheels-") as folder:
        dist = Path(folder) / "dist"
        for package in options.packages:
            run(
                uv,
                "build",
                "--quiet",
                "--wheel",
                "--build-constraint",
                "pins.txt",
                "--out-dir",
                dist,
                package,
            )
        for package in options.packages:
            prove(uv, package.name, dist, Path(folder) / package.name)


def prove(uv: str, name: str, dist: Path, environment: Path) -> None:
    """Install one wheel (and what it depends on) into an empty environment and run its proof there."""
    wheel = next(dist.glob(f"{name.replace('-', '_')}-*.whl"))
    python = environment / "bin" / "python"
    run(uv, "venv", "--quiet", "--python", sys.executable, environment)
    run(
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        "--constraint",
        Path("pins.txt").resolve(),
        "--find-links",
        dist,
        wheel,
    )
    run(python, "-W", "error", "-c", PROOFS[name], cwd=environment)
    sys.stdout.write(f"· {wheel.name} installs alone and imports\n")


if __name__ == "__main__":
    main()
