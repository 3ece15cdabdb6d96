"""The chain: redaction, content dropping, sampling, and what happens when a middleware misbehaves."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from typing import Any

import hiveloop
import pytest
from hiveloop.events import Event
from hiveloop.middleware import DropContent, Redact, Sample
from hiveloop.testing import Captured, capture_events


def run(*middleware: Any) -> Captured:
    with capture_events(middleware=middleware) as seen:
        agent = hiveloop.agent("a")
        with agent.task("t", inputs={"Password": "hunter2", "name": "jane@acme.com"}) as task:
            task.llm_call(
                "r",
                "m",
                tokens_in=3,
                prompt_preview="write to jane@acme.com",
                response_preview="done",
                metadata={"api_key": "k", "nested": [{"token": "t"}]},
            )
            with agent.track_context("tool") as action:
                action.set_payload({"args": {"to": "jane@acme.com"}, "result": "sent", "success": True})
    return seen


def test_redact_by_key_and_pattern() -> None:
    seen = run(Redact(patterns=[r"[\w.]+@[\w.]+"]))
    assert b"jane@" not in seen.raw
    assert b"hunter2" not in seen.raw
    data = seen.kinds("llm_call")[0]["payload"]["data"]
    assert data["prompt_preview"] == "write to [redacted]"
    assert data["metadata"] == {"api_key": "[redacted]", "nested": [{"token": "[redacted]"}]}
    assert data["tokens_in"] == 3
    assert seen.of_type("task_started")[0]["payload"]["inputs"]["Password"] == "[redacted]"


def test_redact_covers_keys_values_in_any_shape() -> None:
    class Secretive:
        pass

    with capture_events(
        middleware=[Redact(keys=["secret"], patterns=[re.compile("4111")], replace="*")]
    ) as seen:
        agent = hiveloop.agent("a")
        agent.event("custom", {"kind": "k", "data": {"4111": ("4111", {"x": "4111"}), "SECRET": Secretive()}})
    assert seen.kinds("k")[0]["payload"]["data"] == {"*": ["*", {"x": "*"}], "SECRET": "*"}


@pytest.mark.parametrize(
    "bad", [{"patterns": ["("]}, {"keys": "password"}, {"patterns": "x"}, {"patterns": [3]}]
)
def test_redact_refuses_wrong_settings(bad: dict[str, Any]) -> None:
    with pytest.raises(hiveloop.HiveLoopConfigError, match="Redact"):
        Redact(**bad)


def test_drop_content_keeps_numbers_and_names() -> None:
    seen = run(DropContent())
    for text in (b"jane@", b"done", b"sent", b"hunter2"):
        assert text not in seen.raw
    assert seen.kinds("llm_call")[0]["payload"]["data"]["tokens_in"] == 3
    assert seen.of_type("action_completed")[0]["payload"] == {"action_name": "tool", "success": True}


def test_capture_content_off_is_drop_content() -> None:
    with (
        capture_events(capture_content=False) as seen,
        hiveloop.agent("a").task("t", inputs="private") as task,
    ):
        task.llm_call("r", "m", prompt_preview="private", response_preview="private")
    assert b"private" not in seen.raw


def test_a_failing_middleware_withholds_the_payload_not_the_event() -> None:
    def broken(event: Event) -> Event:
        raise ValueError("oops")

    seen = run(broken)
    assert b"hunter2" not in seen.raw
    assert len(seen.of_type("task_started")) == 1
    assert seen.of_type("task_started")[0]["payload"]["summary"] == "payload withheld: a middleware failed"


def test_a_middleware_may_drop_change_and_multiply() -> None:
    def double(event: Event) -> Iterable[Event] | Event | None:
        if event.event_type == "action_started":
            return None
        if event.event_type == "action_completed":
            copy = type(event)(payload={"copy": True}, action_id=event.action_id)
            return [event, copy]
        event.project_id = "changed"
        return event

    seen = run(double)
    assert seen.of_type("action_started") == []
    assert len(seen.of_type("action_completed")) == 2
    assert len({event["event_id"] for event in seen.events}) == len(seen.events)
    assert seen.of_type("task_started")[0]["project_id"] == "changed"
    assert seen.dropped == {"middleware": 1}


def test_the_sender_is_named_for_middleware_and_not_sent_twice() -> None:
    agents: list[str | None] = []

    def look(event: Event) -> Event:
        agents.append(event.agent_id)
        return event

    seen = run(look)
    assert set(agents) == {"a"}
    assert b'"agent_id":"a","event' not in seen.raw.replace(b'{"agent_id":"a"', b"")


def test_an_intervention_leaves_through_a_gate_never_through_an_event() -> None:
    class Stop(hiveloop.Intervention):
        pass

    def stop(event: Event) -> Event:
        raise Stop("enough")

    assert len(run(stop).of_type("task_completed")) == 1
    assert hiveloop.current_task() is None


@pytest.mark.parametrize("rate", [0, 0.3, 1])
def test_sample_keeps_or_drops_whole_tasks(rate: float) -> None:
    with capture_events(middleware=[Sample(rate, keep_failures=False)]) as seen:
        agent = hiveloop.agent("a")
        for number in range(300):
            with agent.task(f"t-{number}") as task:
                task.event("custom", {"kind": "k"})
        agent.event("custom", {"kind": "outside"})
    kept = {event["task_id"] for event in seen.events if "task_id" in event}
    assert all(len([e for e in seen.events if e.get("task_id") == task_id]) == 3 for task_id in kept)
    assert 300 * rate * 0.6 <= len(kept) <= 300 * rate * 1.4
    assert len(seen.kinds("outside")) == 1
    assert seen.dropped.get("sampled", 0) == 3 * (300 - len(kept))


def test_sample_keeps_failures_whole_and_in_order() -> None:
    with capture_events(middleware=[Sample(0, keep_failures=True)]) as seen:
        one, two = hiveloop.agent("one"), hiveloop.agent("two")
        for number, agent in ((1, one), (2, two)):
            task = agent.start_task(f"fails-{number}")
            details = {"n": [number]}
            task.event("custom", {"kind": "k", "data": details})
            details["n"].append(99)
            fine = agent.start_task(f"works-{number}")
            fine.complete()
            task.fail(ValueError("x"))
    work = [event for event in seen.events if event["event_type"] != "agent_registered"]
    assert [(e["agent_id"], e["task_id"], e["event_type"]) for e in work] == [
        ("one", "fails-1", "task_started"),
        ("one", "fails-1", "custom"),
        ("one", "fails-1", "task_failed"),
        ("two", "fails-2", "task_started"),
        ("two", "fails-2", "custom"),
        ("two", "fails-2", "task_failed"),
    ]
    assert work[1]["payload"]["data"] == {"n": [1]}


@pytest.mark.parametrize("rate", [-0.1, 1.1, "half", True, None])
def test_sample_refuses_wrong_rates(rate: Any) -> None:
    with pytest.raises(hiveloop.HiveLoopConfigError, match="rate"):
        Sample(rate)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"password": "hunter2", "x": 1}', '{"password": [redacted], "x": 1}'),
        ("{'api_key': 'hunter2'}", "{'api_key': [redacted]}"),
        ('{\\"token\\": \\"hunter2\\"}', '{\\"token\\": [redacted]}'),
        ("PASSWORD=hunter2&user=x", "PASSWORD=[redacted]&user=x"),
        ("authorization: Bearer hunter2 and more", "authorization: [redacted] and more"),
        ('{"secret": "hunter2…[+30 chars]', '{"secret": [redacted]'),
        ("55 tokens: of them, token_count=3", "55 tokens: of them, token_count=3"),
    ],
)
def test_keys_are_found_inside_text(text: str, shown: str) -> None:
    with capture_events(middleware=[Redact()]) as seen:
        hiveloop.agent("a").llm_call("n", "m", prompt_preview=text)
    assert seen.kinds("llm_call")[0]["payload"]["data"]["prompt_preview"] == shown


def test_a_secret_across_the_cut_of_a_long_text_is_found() -> None:
    secret = "sk-" + "A1b2C3d4" * 6
    with capture_events(middleware=[Redact(patterns=[r"sk-[A-Za-z0-9]{40,}"])]) as seen:
        agent = hiveloop.agent("a")
        for room in range(1_930, 2_010, 7):
            agent.llm_call("n", "m", prompt_preview="x " * (room // 2) + secret + " y" * 3_000)
            agent.report_issue("z " * ((room - 1_500) // 2) + secret + " y" * 3_000)
    assert b"sk-A1b2" not in seen.raw
    with capture_events() as plain:
        hiveloop.agent("a").llm_call("n", "m", prompt_preview="x" * 1_940 + secret * 10)
    assert b"sk-A1b2" in plain.raw, "nobody asked for it any more"


def test_what_a_dataclass_keeps_out_of_its_text_is_not_sent() -> None:
    @dataclasses.dataclass
    class Login:
        host: str
        password: str = dataclasses.field(repr=False, default="hunter2")

    with capture_events() as seen, hiveloop.agent("a").task("t", inputs={"login": Login("h")}):
        pass
    assert seen.of_type("task_started")[0]["payload"]["inputs"] == {"login": {"host": "h"}}


def test_small_arguments_of_a_tool_keep_their_shape_so_that_keys_are_found() -> None:
    with capture_events(middleware=[Redact()]) as seen:
        with hiveloop.agent("a").track_context("login") as action:
            action.set_payload(
                hiveloop.tool_payload(
                    args={"creds": {"password": "hunter2"}, "n": [1, 2]}, result={"token": "hunter2"}
                )
            )
    payload = seen.of_type("action_completed")[0]["payload"]
    assert payload["args"] == {"creds": {"password": "[redacted]"}, "n": [1, 2]}
    assert b"hunter2" not in seen.raw


def test_a_middleware_that_edits_in_place_leaves_the_programs_objects_alone() -> None:
    def scrub(event: Event) -> Event:
        if isinstance(event.payload, dict) and "data" in event.payload:
            event.payload["data"].pop("secret", None)
        return event

    mine = {"kind": "k", "data": {"secret": 1, "total": 5}}
    with capture_events(middleware=[scrub]) as seen:
        hiveloop.agent("a").event("custom", mine)
    assert mine == {"kind": "k", "data": {"secret": 1, "total": 5}}
    assert seen.kinds("k")[0]["payload"]["data"] == {"total": 5}


def test_sampled_failures_are_not_counted_as_dropped() -> None:
    with capture_events(middleware=[Sample(0, keep_failures=True)]) as seen:
        agent = hiveloop.agent("a")
        for number, outcome in enumerate(("success", "failure")):
            task = agent.start_task(f"t-{number}")
            for _ in range(3):
                task.event("custom", {"kind": "k"})
            if outcome == "success":
                task.complete()
            else:
                task.fail(ValueError("x"))
    assert len([event for event in seen.events if event.get("task_id") == "t-1"]) == 5
    assert seen.dropped == {"sampled": 5}


def test_sampling_counts_what_no_longer_has_room() -> None:
    with capture_events(middleware=[Sample(0, keep_failures=True)]) as seen:
        agent = hiveloop.agent("a")
        tasks = [agent.start_task(f"t-{number}") for number in range(Sample.MAX_TASKS + 10)]
        for _ in range(Sample.MAX_EVENTS + 20):
            tasks[-1].event("custom", {"kind": "k"})
        tasks[-1].fail(ValueError("x"))
    assert seen.dropped == {"sampled": 10 + 21}
