"""Our collector takes every golden batch as it is, once, and gives the events back as they were sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from examples.demo.collector import Collector, free_port
from tests.compat.api import Api
from tests.wire.scenes import SCENES
from tests.wire.stage import GOLDEN

#: The one batch whose events lack what readers want; the collector stores them and says so.
REMARKED = {"edge_nothing_recommended": ["data.model", "data.total_steps"]}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Collector(free_port(0), tmp_path_factory.mktemp("collector")) as collector:
        yield collector.url


def _body(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


def _events(name: str) -> list[dict[str, Any]]:
    # The collector keeps no NUL: databases and terminals end a text there. It stands as U+FFFD instead.
    return list(json.loads(_body(name).replace(rb"\u0000", rb"\ufffd"))["events"])


@pytest.mark.parametrize("name", SCENES)
def test_the_collector_takes_the_whole_batch(url: str, name: str) -> None:
    status, answer = Api(url).ingest(_body(name))
    count = len(_events(name))
    assert (status, answer["accepted"], answer["rejected"], answer["errors"]) == (200, count, 0, [])
    assert [warning["message"].split()[-1] for warning in answer["warnings"]] == REMARKED.get(name, [])


def test_batches_sent_again_are_not_stored_again_and_come_back_as_they_were(url: str) -> None:
    api = Api(url, "hb_test_again")  # a namespace in which nothing was stored yet
    for expected in (0, 1):
        for name in SCENES:
            status, answer = api.ingest(_body(name))
            count = len(_events(name))
            assert (status, answer["accepted"], answer["duplicates"]) == (200, count, count * expected)
    stored = {event["event_id"]: event for event in _all_events(api)}
    sent = [event for name in SCENES for event in _events(name)]
    assert len(stored) == len(sent)
    for event in sent:
        assert {field: stored[event["event_id"]][field] for field in event} == event


def _all_events(api: Api) -> Iterator[dict[str, Any]]:
    query: dict[str, str | int] = {"limit": 200, "exclude_heartbeats": "false"}
    while True:
        page = api.get("events", **query)
        yield from page["data"]
        if not page["pagination"]["has_more"]:
            return
        query["cursor"] = page["pagination"]["cursor"]
