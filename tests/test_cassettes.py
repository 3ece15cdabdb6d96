"""The cassettes: they replay through the real clients, tell nothing of this machine, and are recorded the same again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from langchain_core.messages import AIMessage
from vcr import VCR
from vcr.errors import CannotOverwriteExistingCassetteException

from examples.demo.models import gpt, provider_environment
from examples.demo.pace import Pace
from examples.demo.scenario import Case, Stage
from examples.demo.scenarios import SCENARIOS
from examples.demo.traffic import count_served, recorded_traffic
from tests.cassettes.conversations import CONVERSATIONS
from tests.cassettes.record import FOLDER, RECORDINGS, record

FILES = sorted(FOLDER.glob("*.yaml"))
CASES = [pytest.param(case, id=f"{s.worker.agent_id}-{case.name}") for s in SCENARIOS for case in s.cases]

#: Conversation → tokens in, out, cache read, reasoning of each answer. What it has none of is None.
ANSWERS: dict[str, list[tuple[int, int, int, int] | None]] = {
    "openai_chat_agent": [(96, 48, 0, 0), (1187, 19, 1024, 0)],
    "openai_chat_agent_stream": [(96, 48, 0, 0), (1187, 19, 1024, 0)],
    "openai_responses_agent": [(96, 176, 0, 128), (1187, 19, 1024, 0)],
    "openai_responses_agent_stream": [(96, 176, 0, 128), (1187, 19, 1024, 0)],
    "anthropic_agent": [(96, 48, 0, 0), (1187, 19, 1024, 0)],
    "anthropic_agent_stream": [(96, 48, 0, 0), (1187, 19, 1024, 0)],
    "anthropic_prompt_cache": [(5213, 6, 0, 0), (5231, 8, 5198, 0)],
    "openai_chat_length": [(16, 16, 0, 0)],
    "openai_responses_incomplete": [(16, 16, 0, 0)],
    "anthropic_max_tokens": [(16, 16, 0, 0)],
    "openai_chat_stream_without_usage": [None],
    "openai_errors": [],
    "openai_model_not_found": [],
    "anthropic_errors": [],
    "anthropic_model_not_found": [],
    "openai_retried_inside_the_client": [(1187, 19, 1024, 0)],
    "anthropic_retried_inside_the_client": [(1187, 19, 1024, 0)],
}
STATUSES = {
    "openai_errors": [401, 429, 500],
    "anthropic_errors": [401, 429, 500],
    "openai_model_not_found": [404],
    "anthropic_model_not_found": [404],
    "openai_retried_inside_the_client": [429, 200],
    "anthropic_retried_inside_the_client": [429, 200],
}


def _usage(message: AIMessage) -> tuple[int, int, int, int] | None:
    usage: Any = message.usage_metadata
    if usage is None:
        return None
    read = usage.get("input_token_details", {}).get("cache_read") or 0
    reasoning = usage.get("output_token_details", {}).get("reasoning") or 0
    return usage["input_tokens"], usage["output_tokens"], read, reasoning


def _interactions(file: Path) -> list[dict[str, Any]]:
    interactions: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["interactions"]
    return interactions


def test_every_recording_is_there_and_nothing_else() -> None:
    assert {file.stem for file in FILES} == set(RECORDINGS)
    assert set(ANSWERS) == set(CONVERSATIONS)


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_conversation_replays_through_the_real_clients(name: str) -> None:
    """With nothing but vcrpy: the recipe of the README."""
    file = FOLDER / f"wire_{name}.yaml"
    with provider_environment():
        with VCR(record_mode="none", match_on=["method", "uri"]).use_cassette(str(file)) as cassette:
            answers = CONVERSATIONS[name]({})
    assert [_usage(answer) for answer in answers] == ANSWERS[name]
    assert cassette.all_played
    statuses = [interaction["response"]["status"]["code"] for interaction in _interactions(file)]
    assert statuses == STATUSES.get(name, [200] * len(ANSWERS[name]))


@pytest.mark.parametrize("case", CASES)
def test_a_case_of_the_demo_replays(case: Case) -> None:
    with provider_environment(), recorded_traffic(), count_served() as served:
        case.run(Stage(pace=Pace(), session_id=case.session_id))
    # The one call that is refused has no answer.
    refused = case.error is not None and "quota" in case.error
    # Where no detector watches, what one would have stopped goes on to its last answer.
    unstopped = case.status == "failed" and bool(case.anomalies)
    assert served.answers == sum(case.llm_calls.values()) - refused + unstopped
    assert served.tokens_in > 0


def test_what_nobody_recorded_fails_instead_of_reaching_the_network() -> None:
    with provider_environment(), recorded_traffic():
        # Clients say it in words of their own; what they met is behind.
        with pytest.raises(Exception) as raised:  # noqa: PT011
            gpt("gpt-4.1-mini", max_retries=0).invoke("Nobody ever said this to a model.")
    behind: list[BaseException] = [raised.value]
    while (cause := behind[-1].__cause__ or behind[-1].__context__) is not None:
        behind.append(cause)
    met = [error for error in behind if isinstance(error, CannotOverwriteExistingCassetteException)]
    assert met, behind
    assert "no recorded interaction" in str(met[0])


# LangChain hides a warning of pydantic's with `catch_warnings`, which is not safe where threads do it side by side.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_answers_reach_the_conversation_they_belong_to_under_concurrency() -> None:
    from concurrent.futures import ThreadPoolExecutor

    def run(case: Case) -> tuple[int, int]:
        with count_served() as served:
            case.run(Stage(pace=Pace(), session_id=case.session_id))
        return served.tokens_in, served.tokens_out

    cases = [case for scenario in SCENARIOS for case in scenario.cases if "quota" not in (case.error or "")]
    with provider_environment(), recorded_traffic():
        alone = [run(case) for case in cases]
        with ThreadPoolExecutor(12) as threads:
            together = list(threads.map(run, cases * 2))
    assert together == alone * 2


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_cassette_tells_nothing_it_should_not(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    forbidden = r"127\.0\.0\.1|localhost|/home/|/work|/tmp|/root|Bearer|\bsk-|\bapi[-_]key|hb_live|user-agent|stainless"
    assert not re.findall(forbidden, text, flags=re.IGNORECASE)
    without_models = re.sub(r"(gpt|claude)-[\w.-]+", "", text)
    assert not re.findall(r"\b20[2-9]\d-\d\d-\d\d", without_models)
    for interaction in _interactions(file):
        uri = urlsplit(interaction["request"]["uri"])
        assert (uri.scheme, uri.netloc) in {("https", "api.openai.com"), ("https", "api.anthropic.com")}
        assert set(interaction["request"]["headers"]) == {"content-type"}
        kept = {"content-type", "retry-after", "retry-after-ms", "x-request-id", "request-id"}
        assert set(interaction["response"]["headers"]) <= kept


def test_recording_again_is_identical(tmp_path: Path) -> None:
    """If this fails after an upgrade of LangChain or a change of the demo: `make cassettes`, and read the diff."""
    record(tmp_path)
    for file in FILES:
        assert (tmp_path / file.name).read_text(encoding="utf-8") == file.read_text(encoding="utf-8"), (
            file.name
        )
