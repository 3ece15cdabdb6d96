"""Nobody sees or changes what is another tenant's: every method of every address, with ids that collide."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import connect

from .conftest import Collector
from .worlds import DOCUMENT, NOT_DATA, Operation, Side, World, operations, world

READS = [one for one in operations("GET") if one.path not in NOT_DATA]
WRITES = operations("POST", "PUT", "PATCH", "DELETE")
#: An admin of a tenant manages its test keys too.
KEYS = ("/v1/keys", "/v1/api-keys")


def called(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with a seeded store, and the key of the other tenant."""
    folder = tmp_path_factory.mktemp("seeded")
    with world(folder) as made:
        return folder, made.theirs.key


@pytest.fixture(scope="module")
def shared(seeded: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world nobody changes."""
    folder = tmp_path_factory.mktemp("shared") / "copy"
    shutil.copytree(seeded[0], folder)
    with world(folder, seeded[1]) as made:
        yield made


@pytest.fixture
def own(seeded: tuple[Path, str], tmp_path: Path) -> Iterator[World]:
    """A world of the test's own."""
    shutil.copytree(seeded[0], tmp_path / "copy")
    with world(tmp_path / "copy", seeded[1]) as made:
        yield made


def test_there_is_something_to_check() -> None:
    assert len(READS) > 20
    assert len(WRITES) > 5
    methods = {method for item in DOCUMENT["paths"].values() for method in item}
    assert methods <= {"get", "post", "put", "patch", "delete"}, "a method these tests do not know"


@pytest.mark.parametrize("operation", READS, ids=called)
def test_nobody_reads_what_is_anothers(shared: World, operation: Operation) -> None:
    sides = (shared.mine, shared.theirs, shared.test)
    for by in sides:
        own = shared.call(operation, by)
        assert own.status == 200, f"teach tests/worlds.py how to call {called(operation)}: {own.raw[:500]!r}"
        for other in sides:
            if other is by or (operation.path in KEYS and {by, other} == {shared.mine, shared.test}):
                continue
            assert not other.owns(own.raw)
            asked = shared.call(operation, by, ids_of=other)
            assert not other.owns(asked.raw)


def test_the_marks_are_there_to_be_seen(shared: World) -> None:
    """Most addresses show something of their own, or the check above would find nothing anywhere."""
    silent = [
        operation.path for operation in READS if not shared.mine.owns(shared.call(operation, shared.mine).raw)
    ]
    assert set(silent) <= WITHOUT_TEXT, "nothing of the seed is shown there; seed it in tests/worlds.py"


#: Sums, counts and ids, which are the same for all: no text of anybody's.
WITHOUT_TEXT = {
    "/v1/metrics",
    "/v1/cost/timeseries",
    "/v1/projects",
    "/v1/keys",
    "/v1/api-keys",
    "/v1/cost",
    "/v1/pipeline",
    "/v1/pricing",
    "/v1/pricing/{model}",
    "/v1/sessions",
    "/v1/status",
    "/v1/insights/{insight_id}",
    "/v1/findings",
    "/v1/waste",
}


def test_each_has_prices_of_its_own(shared: World) -> None:
    for side in (shared.mine, shared.theirs, shared.test):
        row = shared.collector.get("/v1/pricing/model-1", key=side.key).json
        assert (row["input_per_m"], row["output_per_m"]) == (side.number, side.number)


@pytest.mark.parametrize("operation", WRITES, ids=called)
def test_nobody_changes_what_is_anothers(own: World, operation: Operation) -> None:
    before = own.snapshot(own.mine)
    for stranger in (own.theirs, own.test):
        if stranger is own.test and operation.path.startswith(KEYS):
            continue
        answer = own.call(operation, stranger, ids_of=own.mine)
        assert not own.mine.owns(answer.raw)
        after = own.snapshot(own.mine)
        changed = [path for path, raw in after.items() if raw != before[path]]
        assert changed == [], f"{stranger.mark} changed what {changed} answer"
    own.prepare(operation.path, own.mine)
    done = own.call(operation, own.mine)
    assert done.status in (200, 201, 202, 204, 207), (
        f"teach tests/worlds.py how to call {called(operation)}: {done.status} {done.raw[:500]!r}"
    )


def listen(collector: Collector, side: Side, seen: list[bytes], ready: threading.Event, path: str) -> None:
    with collector.pool.request(
        "GET", collector.url + path, headers={"Authorization": f"Bearer {side.key}"}, preload_content=False
    ) as stream:
        text = b""
        for chunk in stream.stream(4096):
            text += chunk
            ready.set()
            if text.count(b"event: event.new") >= 10:
                break
        seen.append(text)


@pytest.mark.parametrize("resume", ["", "&last_event_id=0"])
def test_nobody_hears_what_is_anothers(own: World, resume: str) -> None:
    """Live, and on resuming: each hears its own ten events and none of the others."""
    sides = (own.mine, own.theirs, own.test)
    heard: dict[str, list[bytes]] = {side.mark: [] for side in sides}
    ready = [threading.Event() for _ in sides]
    path = "/v1/stream?heartbeats=true" + resume
    threads = [
        threading.Thread(target=listen, args=(own.collector, side, heard[side.mark], event, path))
        for side, event in zip(sides, ready, strict=True)
    ]
    for thread in threads:
        thread.start()
    for event in ready:
        assert event.wait(10)
    if not resume:
        for side in sides:
            own.seed_again(side)
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    for side in sides:
        (text,) = heard[side.mark]
        assert side.mark.encode() in text
        assert not [other.mark for other in sides if other is not side and other.mark.encode() in text]


def test_the_same_event_id_is_stored_once_for_each(shared: World) -> None:
    for side in (shared.mine, shared.theirs, shared.test):
        rows = shared.collector.get("/v1/events", key=side.key, limit=200, exclude_heartbeats="false").json[
            "data"
        ]
        ids = [row["event_id"] for row in rows if row["event_id"].startswith("same-")]
        assert sorted(ids) == sorted({f"same-{number}" for number in range(11)})


def test_a_cursor_of_another_leads_nowhere_else(shared: World) -> None:
    for path in ("/v1/events", "/v1/tasks", "/v1/llm-calls"):
        page = shared.collector.get(path, key=shared.mine.key, limit=1).json
        cursor = page["pagination"]["cursor"]
        if cursor is None:
            continue
        other = shared.collector.get(path, key=shared.theirs.key, limit=200, cursor=cursor)
        assert shared.mine.mark.encode() not in other.raw


def test_every_question_is_answered_from_ones_own_events(shared: World) -> None:
    """The same questions for everybody: all of them, with their evidence, for each side."""
    sides = (shared.mine, shared.theirs, shared.test)
    for by in sides:
        listed = shared.collector.get("/v1/insights", key=by.key)
        ids = [row["id"] for row in listed.json["insights"]]
        assert len(ids) > 20
        for one in ids:
            raw = shared.collector.get(f"/v1/insights/{one}", key=by.key).raw
            assert not [other.mark for other in sides if other is not by and other.owns(raw)], one


def test_nobody_hears_what_is_anothers_on_a_socket(own: World) -> None:
    sides = (own.mine, own.theirs, own.test)
    address = own.collector.url.replace("http", "ws", 1) + "/v1/stream?token="
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(connect(address + side.key, proxy=None)) for side in sides]
        for one in sockets:
            one.send('{"action": "subscribe", "channels": ["events", "agents"]}')
            assert json.loads(one.recv(10))["type"] == "subscribed"
        for side in sides:
            own.seed_again(side)
        for side, one in zip(sides, sockets, strict=True):
            heard = ""
            while heard.count('"event.new"') < 10:
                heard += str(one.recv(10))
            assert side.owns(heard.encode())
            assert not [other.mark for other in sides if other is not side and other.owns(heard.encode())]
