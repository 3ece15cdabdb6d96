"""Teams whose model chooses who speaks next: a choice that is of no use is asked for again."""

from __future__ import annotations

from typing import Any

import hiveloop_autogen
import pytest
from autogen_agentchat.teams import SelectorGroupChat
from hiveloop.testing.conformance import assert_catalogue, assert_closed

from .scripted import Scripted, calls
from .teams import assistant


@pytest.fixture(autouse=True)
def _instrumented() -> None:
    hiveloop_autogen.instrument()


def _team(*choices: str, turns: int, **settings: Any) -> SelectorGroupChat:
    people = [assistant(name, *["hi"] * turns) for name in ("a", "b", "c")]
    return SelectorGroupChat(
        people, Scripted(*choices, in_order=True), max_turns=turns, name="round", **settings
    )


def _retries(hive: Any) -> list[tuple[str, int, str]]:
    told = hive.of_type("retry_started")
    return [
        (event["agent_id"], event["payload"]["data"]["attempt"], event["payload"]["data"]["function"])
        for event in told
    ]


@pytest.mark.parametrize("streams", [False, True])
async def test_a_selector_that_is_asked_again(hive: Any, streams: bool) -> None:
    team = _team("nobody", "a or b", "a", "b", turns=2, model_client_streaming=streams)
    await team.run(task="go")
    assert [call["name"] for call in calls(hive)] == ["selector"] * 3 + ["a.create", "selector", "b.create"]
    assert _retries(hive) == [("round", 2, "selector"), ("round", 3, "selector")]
    reasons = {event["payload"]["data"]["reason"] for event in hive.of_type("retry_started")}
    assert reasons == {"no valid speaker in the answer"}
    assert_catalogue(hive)
    assert_closed(hive)


async def test_each_choice_is_counted_on_its_own(hive: Any) -> None:
    team = _team("a", "nobody", "b", "c", turns=3)
    await team.run(task="go")
    assert _retries(hive) == [("round", 2, "selector")]


async def test_another_run_begins_anew(hive: Any) -> None:
    """A run whose last choice led to no turn, and the next run of the same team."""
    team = _team("nobody", "nobody", "nobody", "a", turns=1, max_selector_attempts=1)
    await team.run(task="go")
    await team.reset()
    await team.run(task="go")
    assert _retries(hive) == []


async def test_a_selector_of_several_models_is_asked_once(hive: Any) -> None:
    class Fallback(Scripted):
        """Asks one client after the other."""

        def __init__(self, *clients: Scripted) -> None:
            super().__init__()
            self.clients = clients

        async def create(self, messages: Any, **kwargs: Any) -> Any:
            for client in self.clients:
                try:
                    return await client.create(messages)
                except ConnectionError:
                    continue
            raise AssertionError

    model = Fallback(Scripted(ConnectionError("gone")), Scripted("a"))
    people = [assistant(name, "hi") for name in ("a", "b")]
    await SelectorGroupChat(people, model, max_turns=1, name="round").run(task="go")
    assert _retries(hive) == []
    assert [call["name"] for call in calls(hive)] == ["selector", "selector", "a.create"]
