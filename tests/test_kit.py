"""The test kit on real frameworks: LangChain and AutoGen agents on recorded traffic, their cost and tools under test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import hiveloop
import hiveloop_autogen
import httpx
import pytest
from hiveloop.testing import Captured, capture_events, replay
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool

from examples.demo.models import gpt, provider_environment
from tests.cassettes.autogen_conversations import AUTOGEN_CONVERSATIONS

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parent.parent
WEATHER = "cassettes/wire_openai_chat_agent.yaml"
PRICES = {"gpt-4.1-mini": {"input_per_m": 0.4, "output_per_m": 1.6}}


@pytest.fixture
def hive_prices() -> dict[str, dict[str, float]]:
    return PRICES


@pytest.fixture(autouse=True)
def _uninstrumented() -> Iterator[None]:
    with provider_environment():
        yield
    hiveloop.adapters.uninstrument()


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    if city == "Bergen":
        raise TimeoutError("no station")
    return f"Rain in {city}."


@tool("get_weather")
def get_weather_anywhere(city: str) -> str:
    """The weather in a city."""
    return f"Rain in {city}."


def ask(weather: object) -> None:
    agent = create_agent(gpt("gpt-4.1-mini"), [weather], name="reporter")  # type: ignore[list-item]
    agent.invoke({"messages": [HumanMessage("How is the weather in Oslo and Bergen?")]})


def test_a_langchain_agent(hive: Captured) -> None:
    hiveloop.instrument("langchain")
    with hive.replay(WEATHER):
        ask(get_weather_anywhere)
    hive.assert_tools(["get_weather", "get_weather"])
    hive.assert_llm_calls(max=2, min=2, model="gpt-4.1-mini")
    hive.assert_tokens_below(1_351)
    # By hand: (96 + 1187) tokens in at 0.40 $ and (48 + 19) out at 1.60 $ a million.
    assert hive.story.cost == pytest.approx(0.0006204)
    hive.assert_cost_below(0.000621)
    hive.assert_no_loop()
    hive.assert_no_errors()
    hive.assert_status("success")
    hive.assert_no_regression()
    with pytest.raises(AssertionError, match=r"The run cost \$0\.0006204 in 2 model calls"):
        hive.assert_cost_below(0.0006)


def test_a_langchain_tool_that_fails(hive: Captured) -> None:
    hiveloop.instrument("langchain")
    with pytest.raises(TimeoutError), replay(Path(__file__).parent / WEATHER):
        ask(get_weather)
    with pytest.raises(AssertionError, match="get_weather: TimeoutError: no station"):
        hive.assert_no_errors()
    with pytest.raises(AssertionError, match="ended with failed; expected success"):
        hive.assert_status("success")


def test_an_autogen_team(hive: Captured) -> None:
    hiveloop_autogen.instrument()
    with hive.replay("cassettes/autogen_tools.yaml"):
        AUTOGEN_CONVERSATIONS["tools"]()
    hive.assert_tools(["get_weather", "get_weather"])
    hive.assert_no_loop()
    hive.assert_no_errors()
    hive.assert_no_regression()
    with pytest.raises(AssertionError, match="The run used the tools get_weather → get_weather; expected "):
        hive.assert_tools(["get_weather"])


def test_a_shorter_run_than_the_recorded_one_is_noticed() -> None:
    with pytest.raises(AssertionError, match=r"2 of 2 answers in .* were not asked for"), capture_events():
        with replay(Path(__file__).parent / WEATHER):
            pass


def test_a_cassette_that_is_missing_says_how_to_record_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="pytest --hiveloop-record"), replay(tmp_path / "no.yaml"):
        pass


AGENT = """
from examples.demo.models import gpt
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool

@tool
def get_weather(city: str) -> str:
    "The weather in a city."
    return f"Rain in {city}."

def ask(question):
    agent = create_agent(gpt("gpt-4.1-mini"), [get_weather], name="reporter")
    return agent.invoke({"messages": [HumanMessage(question)]})["messages"][-1].text
"""


def test_the_recipe_of_the_docs(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs/testing.md").read_text()
    recipe = page.split("```py\n# test_weather.py\n", 1)[1].split("```", 1)[0]
    body = [line for line in recipe.splitlines() if line.strip()]
    assert len(body) <= 12  # ten lines and two imports
    monkeypatch.syspath_prepend(str(ROOT))
    pytester.makepyfile(test_weather=recipe, my_agent=AGENT)
    (pytester.path / "cassettes").mkdir()
    (pytester.path / "cassettes/weather.yaml").write_bytes((Path(__file__).parent / WEATHER).read_bytes())
    quiet = ("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:asyncio")
    pytester.runpytest(*quiet, "--hiveloop-update-baselines").assert_outcomes(passed=1)
    again = pytester.runpytest(*quiet, "--hiveloop-summary")
    again.assert_outcomes(passed=1)
    again.stdout.fnmatch_lines(["*2*1,350*unknown*test_weather.py::test_weather_agent"])
    baseline = pytester.path / "baselines/test_weather/test_weather_agent.json"
    shown = page.split("```json\n", 1)[1].split("```", 1)[0]
    assert baseline.read_text() == shown
    baseline.write_text(shown.replace('"llm_calls": 2', '"llm_calls": 1'))
    worse = pytester.runpytest(*quiet)
    worse.assert_outcomes(failed=1)
    worse.stdout.fnmatch_lines(["*model calls: 1 → 2, +100 % (at most 1)"])


class _Provider(BaseHTTPRequestHandler):
    """Answers with a cookie, and counts."""

    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(200)
        self.send_header("Set-Cookie", "session=cookie-of-the-provider")
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *args: object) -> None: ...


def test_recording_keeps_the_answers_and_no_secrets(tmp_path: Path) -> None:
    cassette = tmp_path / "made.yaml"
    headers = {"Authorization": "Bearer the-key", "x-api-key": "the-other-key", "X-Kept": "kept"}
    _Provider.asked = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), _Provider) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/answer"
        with replay(cassette, record=True):
            assert httpx.get(url, headers=headers).text == "hello"
        server.shutdown()
    kept = cassette.read_text()
    assert "hello" in kept
    assert "kept" in kept
    for secret in ("the-key", "the-other-key", "cookie-of-the-provider"):
        assert secret not in kept
    with replay(cassette):
        assert httpx.get(url, headers=headers).text == "hello"
    assert _Provider.asked == 1
