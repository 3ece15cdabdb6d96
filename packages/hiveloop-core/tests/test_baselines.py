"""Baselines in git, the options of the pytest plugin, JUnit properties and the summary, in test sessions of their own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import hiveloop
import pytest
from hiveloop.testing import capture_events
from hiveloop.testing._baseline import Baseline, Tolerance, compare

pytest_plugins = ["pytester"]

AGENT = """
import hiveloop

TOOLS = {tools!r}

def test_agent(hive):
    agent = hiveloop.agent("desk")
    with agent.task("t") as task:
        for tool in TOOLS:
            task.llm_call("decide", model="m", tokens_in={tokens}, tokens_out=10, cost={cost})
            with agent.track_context(tool):
                pass
    hive.assert_no_regression({arguments})
"""
BASE = Baseline(llm_calls=2, tokens_in=100, tokens_out=20, cost_usd=0.01, retries=0, tools=["a", "b"])
EXACT = Tolerance(0, 0.0, 0.0, 0, True)


@pytest.fixture(autouse=True)
def _no_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is written twice within a second must be read twice."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


def session(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    quiet = ("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:xdist")
    return pytester.runpytest(*quiet, *options)


def write(
    pytester: pytest.Pytester,
    tools: list[str],
    tokens: int = 100,
    cost: float | None = 0.01,
    arguments: str = "",
) -> None:
    pytester.makepyfile(test_desk=AGENT.format(tools=tools, tokens=tokens, cost=cost, arguments=arguments))


def test_a_baseline_is_made_kept_and_compared_with(pytester: pytest.Pytester) -> None:
    write(pytester, ["search", "send"])
    missing = session(pytester)
    missing.assert_outcomes(failed=1)
    missing.stdout.fnmatch_lines(
        [
            "*There is no baseline baselines/test_desk/test_agent.json. To create it: pytest --hiveloop-update-baselines*"
        ]
    )
    session(pytester, "--hiveloop-update-baselines").assert_outcomes(passed=1)
    path = pytester.path / "baselines/test_desk/test_agent.json"
    assert json.loads(path.read_text()) == {
        "version": 1,
        "llm_calls": 2,
        "tokens_in": 200,
        "tokens_out": 20,
        "cost_usd": 0.02,
        "retries": 0,
        "tools": ["search", "send"],
    }
    assert path.read_text().startswith('{\n  "version": 1,\n')
    assert path.read_text().endswith("}\n")
    session(pytester).assert_outcomes(passed=1)

    write(pytester, ["search", "search", "send"], tokens=400)
    worse = session(pytester)
    worse.assert_outcomes(failed=1)
    worse.stdout.fnmatch_lines(
        [
            "*The run is not that of its baseline baselines/test_desk/test_agent.json:",
            "*  model calls: 2 → 3, +50 % (at most 2)",
            "*  tokens: 220 → 1,230, +459 % (at most 242)",
            "*  cost: $0.02 → $0.03, +50 % (at most $0.022)",
            "*  tools (- in the baseline, + in this run):",
            "*    + search",
            "*      search",
            "*      send",
            "*  To accept it: pytest --hiveloop-update-baselines",
            "*What the run did:",
            "*1. model call decide (m), 410 tokens, $0.01",
        ]
    )
    assert "self.story" not in worse.stdout.str()  # the test's own line is shown, not the inside of the kit
    same = path.read_bytes()
    session(pytester)
    assert path.read_bytes() == same  # comparing never writes


def test_a_cost_that_became_unknown_is_a_regression_and_one_that_always_was_is_none(
    pytester: pytest.Pytester,
) -> None:
    write(pytester, ["a"], cost=0.01)
    session(pytester, "--hiveloop-update-baselines")
    write(pytester, ["a"], cost=None)
    lost = session(pytester)
    lost.assert_outcomes(failed=1)
    lost.stdout.fnmatch_lines(["*cost: $0.01 → unknown"])
    session(pytester, "--hiveloop-update-baselines")
    path = pytester.path / "baselines/test_desk/test_agent.json"
    assert json.loads(path.read_text())["cost_usd"] is None
    session(pytester).assert_outcomes(passed=1)


def test_a_named_baseline_and_one_that_is_broken(pytester: pytest.Pytester) -> None:
    write(pytester, ["a"], arguments="'mine.json', order=False")
    session(pytester, "--hiveloop-update-baselines").assert_outcomes(passed=1)
    assert (pytester.path / "mine.json").is_file()
    (pytester.path / "mine.json").write_text('{"version": 1, "llm_calls": "two"}')
    broken = session(pytester)
    broken.assert_outcomes(failed=1)
    broken.stdout.fnmatch_lines(["*mine.json is not a baseline. To replace it: *"])


def test_parameters_have_baselines_of_their_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_many="""
        import pytest

        class TestDesk:
            @pytest.mark.parametrize("who", ["a/b", "a b", "a-b"])
            def test_agent(self, hive, who):
                hive.assert_no_regression()
        """
    )
    session(pytester, "--hiveloop-update-baselines").assert_outcomes(passed=3)
    made = sorted(path.name for path in (pytester.path / "baselines/test_many").iterdir())
    assert len(made) == 3
    assert "TestDesk.test_agent[a-b].json" in made
    assert all(name.startswith("TestDesk.test_agent[a-b]") for name in made)


def test_without_the_fixture_a_path_is_needed(tmp_path: Path) -> None:
    with capture_events() as seen:
        with hiveloop.agent("a").task("t"):
            pass
    with pytest.raises(TypeError, match="path"):
        seen.assert_no_regression()
    (tmp_path / "b.json").write_bytes(seen_baseline(0))
    seen.assert_no_regression(tmp_path / "b.json")


def seen_baseline(calls: int) -> bytes:
    return Baseline(llm_calls=calls, tokens_in=0, tokens_out=0, cost_usd=0.0, retries=0, tools=[]).to_json()


@pytest.mark.parametrize(
    ("changes", "tolerance", "expected"),
    [
        ({}, EXACT, []),
        ({"llm_calls": 1, "tokens_in": 1, "cost_usd": 0.001}, EXACT, []),  # better is fine
        ({"llm_calls": 3}, EXACT, ["model calls: 2 → 3, +50 % (at most 2)"]),
        ({"llm_calls": 3}, EXACT._replace(calls=1), []),
        ({"tokens_in": 112}, EXACT._replace(tokens=0.1), []),  # 132 of 132
        ({"tokens_in": 113}, EXACT._replace(tokens=0.1), ["tokens: 120 → 133, +11 % (at most 132)"]),
        ({"tokens_out": None}, EXACT, ["tokens: 120 → unknown"]),
        ({"retries": 1}, EXACT, ["retries: 0 → 1 (at most 0)"]),
        ({"retries": 1}, EXACT._replace(retries=1), []),
        ({"tools": ["b", "a"]}, EXACT._replace(order=False), []),
        (
            {"tools": ["b", "a"]},
            EXACT,
            ["tools (- in the baseline, + in this run):", "  + b", "    a", "  - b"],
        ),
    ],
)
def test_what_is_worse(changes: dict[str, object], tolerance: Tolerance, expected: list[str]) -> None:
    import msgspec

    assert compare(BASE, msgspec.structs.replace(BASE, **changes), tolerance) == expected


def test_junit_properties_and_the_summary(pytester: pytest.Pytester) -> None:
    write(pytester, ["a", "b"], arguments="'b.json'")
    pytester.makepyfile(
        test_other="""
        import hiveloop

        def test_unknown(hive):
            with hiveloop.agent("a").task("t") as task:
                task.llm_call("x")

        def test_silent(hive):
            pass
        """
    )
    done = session(pytester, "--hiveloop-update-baselines", "--hiveloop-summary", "--junitxml=out.xml")
    done.assert_outcomes(passed=3)
    done.stdout.fnmatch_lines(
        [
            "*= HiveLoop =*",
            "calls   tokens     cost  test",
            "    2      220    $0.02  test_desk.py::test_agent",
            "    1  unknown  unknown  test_other.py::test_unknown",
            "    3      220    $0.02  total of 2 (tokens of 1 unknown, cost of 1 unknown)",
        ],
        consecutive=True,
    )
    cases = {
        case.get("name"): {item.get("name"): item.get("value") for item in case.iter("property")}
        for case in ElementTree.parse(pytester.path / "out.xml").iter("testcase")
    }
    assert cases["test_agent"] == {
        "hiveloop_llm_calls": "2",
        "hiveloop_tokens": "220",
        "hiveloop_cost_usd": "0.02",
    }
    assert cases["test_unknown"]["hiveloop_cost_usd"] == "unknown"
    assert cases["test_silent"] == {}


def test_prices_of_a_conftest(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture
        def hive_prices():
            return {"m": {"input_per_m": 1, "output_per_m": 1}}
        """
    )
    write(pytester, ["a"], tokens=999_990, cost=None, arguments="'b.json'")
    session(pytester, "--hiveloop-update-baselines").assert_outcomes(passed=1)
    assert json.loads((pytester.path / "b.json").read_text())["cost_usd"] == 1.0
