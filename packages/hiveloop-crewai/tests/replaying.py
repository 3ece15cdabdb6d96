"""Recordings played to the real client, and what they hold counted without the adapter."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hiveloop
import vcr
import yaml
from hiveloop.testing import Captured
from vcr.patch import PATCHER_NAMES

from tests.cassettes.crews import CREWS

__all__ = ["Recorded", "actions", "calls", "played", "recorded", "replay", "told"]

FOLDER = Path(__file__).resolve().parents[3] / "tests" / "cassettes"
_PROVIDERS = {"api.openai.com", "api.anthropic.com"}
#: What HiveLoop itself sends with goes out as always.
_OTHER_CLIENTS = [name for name in PATCHER_NAMES if name not in {"httpx", "httpx2"}]


@contextlib.contextmanager
def replay(file: Path, *match_on: str) -> Iterator[Any]:
    """Answer the model client's requests from this file, and none of any other kind."""
    player = vcr.VCR(
        record_mode="none",
        match_on=list(match_on) or ["method", "uri", "body"],
        decode_compressed_response=True,
    )
    with player.use_cassette(str(file), skip_patchers=_OTHER_CLIENTS) as cassette:
        yield cassette


def played(name: str) -> Any:
    """Run the crew of this recording; every answer must have been asked for."""
    with replay(FOLDER / f"crewai_{name}.yaml") as cassette:
        result = CREWS[name]()
    assert cassette.all_played
    hiveloop.flush()
    return result


class Recorded:
    """One recorded exchange: what was asked, and what the provider counted."""

    def __init__(self, interaction: dict[str, Any]) -> None:
        self.request: dict[str, Any] = json.loads(interaction["request"]["body"])
        self.status: int = interaction["response"]["status"]["code"]
        body = interaction["response"]["body"]["string"]
        text = body.decode() if isinstance(body, bytes) else body
        self.answer = _answer(text)
        self.usage: dict[str, Any] = self.answer.get("usage") or {}

    @property
    def tokens(self) -> tuple[int | None, int | None]:
        """In and out, as the provider counted them."""
        return self.usage.get("prompt_tokens"), self.usage.get("completion_tokens")


def _answer(text: str) -> dict[str, Any]:
    if text.lstrip().startswith("{"):
        answer: dict[str, Any] = json.loads(text)
        return answer
    chunks = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    return next((chunk for chunk in reversed(chunks) if chunk.get("usage")), chunks[-1])


def recorded(name: str) -> list[Recorded]:
    """The exchanges of a recording of the project, in its order."""
    return recorded_in(FOLDER / f"crewai_{name}.yaml")


def recorded_in(file: Path) -> list[Recorded]:
    """The exchanges with a model's provider in any recording in vcrpy's dialect."""
    found = yaml.load(file.read_text(), Loader=yaml.CSafeLoader)["interactions"]
    return [Recorded(item) for item in found if urlsplit(item["request"]["uri"]).hostname in _PROVIDERS]


# -- what was told --


def calls(seen: Captured) -> list[dict[str, Any]]:
    """The model calls, in the order they ended, each with the agent that made it."""
    told = sorted(seen.kinds("llm_call"), key=lambda event: event["timestamp"])
    return [{**event["payload"]["data"], "agent_id": event["agent_id"], "event": event} for event in told]


def actions(seen: Captured, kind: str | None = None) -> list[dict[str, Any]]:
    """The starts of actions, oldest first."""
    starts = sorted(seen.of_type("action_started"), key=lambda event: event["timestamp"])
    return [event for event in starts if kind is None or event["payload"].get("kind") == kind]


def told(seen: Captured, event_type: str) -> list[tuple[str, str]]:
    """Agent and name of the actions in events of this type."""
    return [(event["agent_id"], event["payload"]["action_name"]) for event in seen.of_type(event_type)]
