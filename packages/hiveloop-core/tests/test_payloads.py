"""G8: whatever a payload holds, nothing raises, the event arrives marked and within the limits, its neighbours too."""

from __future__ import annotations

import json
import threading
import time
from typing import Any, NamedTuple

import hiveloop
import hypothesis.strategies as st
import pytest
from hiveloop import _safety, events
from hiveloop._encode import encode
from hiveloop._sanitize import sanitize, shorten
from hiveloop.events import LIMITS, Event
from hiveloop.payloads import LlmCall, LlmCallData
from hiveloop.testing import Captured, capture_events
from hypothesis import given, settings

from .fault_sink import FaultSink
from .hostile import Boom, Colour, Hostile, Named, Point
from .nasty import NASTY

MAX_DEPTH = 64


def forbid(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len({key for key, _ in pairs}) == len(pairs), "a key twice"
    return dict(pairs)


def strict(data: bytes) -> Any:
    """Parse as JSON is defined: UTF-8, no NaN, no lone surrogates, no key twice."""
    tree = json.loads(data.decode("utf-8"), parse_constant=forbid, object_pairs_hook=unique)
    json.dumps(tree, ensure_ascii=False).encode("utf-8")
    return tree


def depth(tree: Any) -> int:
    children = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return 1 + max(map(depth, children), default=0)


def numbers_of(tree: Any) -> list[Any]:
    if isinstance(tree, dict | list):
        children = tree.values() if isinstance(tree, dict) else tree
        return [number for child in children for number in numbers_of(child)]
    return [tree] if isinstance(tree, int | float) and not isinstance(tree, bool) else []


def checked(event: Event) -> dict[str, Any]:
    """The event as it leaves, after all that a collector may demand of it."""
    data = encode(event)
    tree: dict[str, Any] = strict(data)
    payload = tree.get("payload", {})
    assert isinstance(payload, dict)
    size = len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())
    assert size <= LIMITS["payload_bytes"]
    assert len(str(payload.get("summary", ""))) <= LIMITS["summary"]
    assert depth(tree) <= MAX_DEPTH
    assert all(-(2**63) <= n < 2**63 for n in numbers_of(tree) if isinstance(n, int))
    return tree


def event_with(payload: Any) -> Event:
    return events.TaskCompleted(
        event_id="e", timestamp="t", task_id="task", status="success", payload=payload
    )


def sent(value: Any) -> Any:
    """What becomes of a value in a payload."""
    tree = checked(event_with({"first": "kept", "value": value}))
    assert (tree["event_id"], tree["task_id"], tree["status"]) == ("e", "task", "success")
    assert tree["payload"]["first"] == "kept"
    return tree["payload"]["value"]


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_value_is_marked_and_its_event_arrives(name: str) -> None:
    sent(NASTY[name]())


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_value_anywhere_a_program_can_put_it(name: str, hive: Captured) -> None:
    """Through the handles, with no error swallowed: the fixture would raise it."""
    value = NASTY[name]()
    agent = hiveloop.agent("a")
    with agent.task("t", inputs=value, metadata={"v": value}) as task:
        task.llm_call("call", model="m", metadata={"v": value})
        task.event("custom", {"kind": "k", "data": value})
        with agent.track_context("tool") as action:
            action.set_payload({"args": value, "result": [value]})
        task.set_payload({"result": value})
    for event in hive.events:
        assert event["event_type"]
    assert [event["event_type"] for event in hive.events][1:] == [
        "task_started",
        "custom",
        "custom",
        "action_started",
        "action_completed",
        "task_completed",
    ]


def test_all_nasty_values_and_their_neighbours_arrive_at_a_collector(sink: FaultSink) -> None:
    hb = hiveloop.init(endpoint=sink.endpoint, flush_interval=3600, batch_size=500)
    agent = hb.agent("a", heartbeat_interval=0)
    for name, make in NASTY.items():
        agent.event("custom", {"kind": "good", "data": name})
        agent.event("custom", {"kind": "nasty", "data": {"name": name, "value": make()}})
    assert hb.flush(30)
    assert [event["payload"]["data"] for event in sink.kinds("good")] == list(NASTY)
    assert [event["payload"]["data"]["name"] for event in sink.kinds("nasty")] == list(NASTY)
    assert _safety.swallowed == {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), {"$float": "nan"}),
        ([float("inf"), float("-inf")], [{"$float": "inf"}, {"$float": "-inf"}]),
        (2**63, f"$int:{2**63}"),
        (-(2**63), -(2**63)),
        (10**5_000, "$int:16610 bits"),
        ("a\ud800", "$surrogate:a\\ud800"),
        (object(), {"$unserializable": "object"}),
        (Boom("x"), {"$unserializable": "Boom"}),
        ({1}, [1]),
        ((1, (2,)), [1, [2]]),
        (b"text", "text"),
        (Colour.RED, "red"),
        (Point(1, 2), {"x": 1, "y": 2}),
        (Named(), {"name": "struct", "inner": None}),
        ([Named(), object()], [{"name": "struct", "inner": None}, {"$unserializable": "object"}]),
        ({1: "a", "1": "b"}, {"1": "a", "1~2": "b"}),
        ({True: 1, None: 2, 1.5: 3}, {"true": 1, "null": 2, "1.5": 3}),
        ({(1, 2): 3}, {"$key:tuple": 3}),
        ("x" * 40_000, None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_markers(value: Any, expected: Any) -> None:
    got = sent(value)
    if expected is None:
        assert got.startswith("xxx")
        assert got.endswith(" chars]")
    else:
        assert got == expected


def test_a_circular_value_is_cut_where_it_closes() -> None:
    inner: dict[str, Any] = {"fine": 1}
    inner["back"] = inner
    assert sent({"inner": inner, "again": [1]}) == {
        "inner": {"fine": 1, "back": {"$unserializable": "circular dict"}},
        "again": [1],
    }
    twice = [1]
    assert sent([twice, twice]) == [[1], [1]], "the same thing twice is no circle"


def test_the_longest_strings_give_way_first() -> None:
    tree = sent({"short": "s" * 200, "long": "l" * 60_000, "longer": "m" * 90_000})
    assert tree["short"] == "s" * 200
    assert len(tree["long"]) > 10_000
    assert len(tree["longer"]) > 10_000


def test_a_task_with_a_huge_payload_still_ends() -> None:
    tree = checked(event_with({f"key-{number}": ["x" * 5_000] * 20 for number in range(500)}))
    assert (tree["event_type"], tree["status"]) == ("task_completed", "success")
    assert len(tree["payload"]) > 10


@pytest.mark.parametrize("payload", [[1, 2], "text", 5, Hostile, {1, 2}, object(), float("nan")])
def test_a_payload_that_is_no_object_becomes_one(payload: Any) -> None:
    value = payload() if payload is Hostile else payload
    assert set(checked(event_with(value))["payload"]) in ({"data"}, {"$unserializable"}, {"$float"})


ODD = [object(), float("nan"), 10**400, "x" * 5_000, "\ud800", b"b", {}, 1.5]


@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("field", ["task_id", "status", "severity", "duration_ms", "project_id", "agent_id"])
def test_fields_beside_the_payload(field: str, value: Any) -> None:
    event = events.TaskCompleted(event_id="e", timestamp="t", payload={"bad": object()})
    setattr(event, field, value)
    tree = checked(event)
    got = tree.get(field)
    assert got is None or (isinstance(got, int) if field == "duration_ms" else len(got) <= 256)
    if field == "severity":
        assert got is None


def test_typed_payloads_keep_their_kind_when_copied() -> None:
    call = LlmCall(summary="s" * 1_000, data=LlmCallData(name="n", metadata={"v": Hostile()}), tags=["llm"])
    payload = checked(event_with(call))["payload"]
    assert payload["kind"] == "llm_call"
    assert payload["data"] == {"name": "n", "metadata": {"v": {"$unserializable": "Hostile"}}}
    assert len(payload["summary"]) <= 512


def test_an_event_is_a_snapshot() -> None:
    with capture_events() as seen:
        value: dict[str, Any] = {"list": [1], "nested": {"a": {1, 2}}}
        agent = hiveloop.agent("a")
        agent.event("custom", {"kind": "k", "data": value})
        value["list"].append(2)
        value["nested"]["a"].add(3)
        value["later"] = True
    assert seen.kinds("k")[0]["payload"]["data"] == {"list": [1], "nested": {"a": [1, 2]}}


def test_a_container_that_another_thread_changes() -> None:
    stop = threading.Event()
    shared: dict[str, Any] = {"map": {}, "list": [], "set": set()}

    def change() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            shared[f"key-{number % 50}"] = number
            shared.pop(f"key-{(number + 25) % 50}", None)
            shared["map"][number % 97] = object()
            shared["map"].pop((number + 40) % 97, None)
            shared["set"].add(number % 89)
            shared["set"].discard((number + 40) % 89)
            shared["list"].append({number: number})
            del shared["list"][:-20]

    threads = [threading.Thread(target=change) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        with capture_events() as seen:
            agent = hiveloop.agent("a")
            deadline = time.monotonic() + 0.7
            count = 0
            while time.monotonic() < deadline:
                agent.event("custom", {"kind": "k", "data": shared})
                count += 1
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert len(seen.kinds("k")) == count
    assert _safety.swallowed == {}


def test_near_the_end_of_the_stack_nothing_raises() -> None:
    def descend(levels: int) -> None:
        if levels:
            descend(levels - 1)
        else:
            hiveloop.agent("a").event("custom", {"kind": "k", "data": NASTY["500 dicts deep"]()})

    with capture_events() as seen:
        for levels in range(600, 900, 20):
            descend(levels)
    assert seen.kinds("k")


def test_ten_megabytes_cost_little() -> None:
    figures = {}
    for name in ("10 MB text", "10 MB bytes", "10 MB key", "only surrogates"):
        event = event_with({"value": NASTY[name]()})
        started = time.process_time()
        for _ in range(5):
            encode(event)
        figures[name] = (time.process_time() - started) / 5 * 1000
    print({name: f"{spent:.2f} ms" for name, spent in figures.items()})  # noqa: T201
    # No goal, a guard against a change of order: reading 10 MB twice would take ten times this long.
    assert max(figures.values()) < 100


class TestShorten:
    @given(st.text(max_size=2_000), st.integers(20, 1_500))
    def test_is_never_longer_than_allowed_and_says_how_much_is_missing(self, text: str, limit: int) -> None:
        cut = shorten(text, limit)
        assert len(cut) <= limit or cut == text
        if cut != text:
            kept, _, mark = cut.rpartition("…[+")
            assert text.startswith(kept)
            assert len(kept) + int(mark.removesuffix(" chars]")) == len(text)


# -- any value at all --


class Nasty(NamedTuple):
    """Stands for a value until the test: hypothesis looks at what it draws, and some raise at a look."""

    name: str


def realised(value: Any) -> Any:
    """The tree with each stand-in replaced by the value it names."""
    match value:
        case Nasty(name):
            return NASTY[name]()
        case list():
            return [realised(item) for item in value]
        case tuple():
            return tuple(realised(item) for item in value)
        case dict():
            return {key: realised(item) for key, item in value.items()}
        case Point(x, y):
            return Point(x, realised(y))
        case Named(name=name, inner=inner):
            return Named(name, realised(inner))
    return value


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=2**60, max_value=2**5_000),
    st.floats(),
    st.text(st.characters(), max_size=200),
    st.text(st.sampled_from(["\ud800", "a", "é", "\x00", "👩"]), max_size=50),
    st.binary(max_size=50),
    st.decimals(),
    st.dates(),
    st.complex_numbers(),
    st.sampled_from([name for name in NASTY if "000" not in name and "MB" not in name]).map(
        lambda n: Nasty(n)
    ),
)
keys = st.one_of(st.text(st.characters(), max_size=30), st.integers(), st.none(), st.booleans(), st.floats())
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=8),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(keys, inner, max_size=8),
        inner.map(lambda value: Point(1, value)),
        inner.map(lambda value: Named(inner=value)),
    ),
    max_leaves=30,
)


@settings(max_examples=300, deadline=None)
@given(values)
def test_any_value_can_be_sent(value: Any) -> None:
    sent(realised(value))


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=100),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=6), st.dictionaries(st.text(max_size=20), inner, max_size=6)
    ),
    max_leaves=40,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=20), json_values, max_size=8))
def test_what_is_json_already_arrives_as_it_is_and_is_not_touched(payload: dict[str, Any]) -> None:
    before = json.dumps(payload)
    assert checked(event_with(payload)).get("payload", {}) == payload
    # The slow way gives the same as the quick one.
    assert sanitize(payload) == payload
    assert json.dumps(payload) == before
