"""The record of a run: the last word counts, what has the wrong shape is left out, nothing is invented."""

from __future__ import annotations

from typing import Any

from hiveboard.projections.run_record import run_record

from .conftest import Collector, event, kind
from .told import told


def update(at: int, **data: Any) -> dict[str, Any]:
    return {"at": at, "payload": {"kind": "run_update", "data": data}}


def test_a_run_that_tells_nothing_has_an_empty_record() -> None:
    record = run_record(told({"type": "task_started"}, {"type": "task_completed"}))
    assert (record.tags, record.metadata, record.scores, record.steps) == ({}, {}, [], [])
    assert (record.inputs, record.result) == (None, None)


def test_the_last_word_counts() -> None:
    record = run_record(
        told(
            {"type": "task_started", "payload": {"inputs": {"q": 1}, "metadata": {"version": "2.1", "n": 1}}},
            update(2, tags={"environment": "test"}, metadata={"n": 2}),
            update(3, tags={"environment": "production", "pipeline": "rag"}, result={"answer": 1}),
            update(4, result={"answer": 2}),
        )
    )
    assert record.inputs == {"q": 1}
    assert record.tags == {"environment": "production", "pipeline": "rag"}
    assert record.metadata == {"version": "2.1", "n": 2}
    assert record.result == {"answer": 2}


def test_scores_keep_their_types_and_steps_their_numbers() -> None:
    record = run_record(
        told(
            {"payload": {"kind": "step", "data": {"name": "search", "output": {"n": 0}, "position": 1}}},
            {"payload": {"kind": "score", "data": {"name": "safe", "value": False, "data_type": "boolean"}}},
            {"payload": {"kind": "step", "data": {"name": "answer", "position": 2}}},
            {"payload": {"kind": "score", "data": {"name": "tone", "value": "warm", "comment": "kind"}}},
        )
    )
    assert [(step.name, step.position, step.output) for step in record.steps] == [
        ("search", 1, {"n": 0}), ("answer", 2, None),
    ]  # fmt: skip
    assert [(score.name, score.value, score.data_type, score.comment) for score in record.scores] == [
        ("safe", False, "boolean", None), ("tone", "warm", None, "kind"),
    ]  # fmt: skip


def test_what_has_the_wrong_shape_is_left_out() -> None:
    odd: list[Any] = [
        None,
        7,
        "x",
        [1],
        {"tags": [1], "metadata": "m", "result": None},
        {"tags": {"a": {"b": 1}}},
    ]
    events = [{"payload": {"kind": "run_update", "data": data}} for data in odd]
    events += [{"payload": {"kind": name, "data": ["x"]}} for name in ("score", "step")]
    events += [{"payload": {"kind": "step", "data": {"position": -1.5, "name": {"x": 1}}}}]
    record = run_record(told({"type": "task_started", "payload": {"metadata": [1]}}, *events))
    assert (record.tags, record.metadata, record.result) == ({}, {}, None)
    assert [(step.name, step.position) for step in record.steps] == [("step", None)] * 2
    assert [(score.name, score.value) for score in record.scores] == [("score", None)]


def test_a_record_is_bounded() -> None:
    names = {f"tag-{number}": "x" for number in range(1_500)}
    record = run_record(told(update(1, tags=names), update(2, tags={"tag-0": "y", "late": "z"})))
    assert len(record.tags) == 1_000
    assert record.tags["tag-0"] == "y"
    assert "late" not in record.tags


def test_the_timeline_holds_the_record(collector: Collector) -> None:
    run = {"task_id": "t", "task_run_id": "r"}
    collector.store(
        [
            event("task_started", 0, payload={"inputs": {"q": "Ørsted"}, "metadata": {"v": 1}}, **run),
            kind("run_update", 1, data={"tags": {"a": "b"}}, **run),
            kind("score", 2, data={"name": "relevance", "value": 0.92, "data_type": "numeric"}, **run),
            kind("step", 3, data={"name": "search", "position": 1, "output": {"n": 5}}, **run),
            event("task_completed", 4, status="success", **run),
        ]
    )
    told_of = collector.get("/v1/tasks/t/timeline").json
    assert told_of["inputs"] == {"q": "Ørsted"}
    assert (told_of["tags"], told_of["metadata"], told_of["result"]) == ({"a": "b"}, {"v": 1}, None)
    (score,), (step,) = told_of["scores"], told_of["steps"]
    assert (score["name"], score["value"], score["data_type"]) == ("relevance", 0.92, "numeric")
    assert (step["name"], step["position"], step["output"]) == ("search", 1, {"n": 5})
