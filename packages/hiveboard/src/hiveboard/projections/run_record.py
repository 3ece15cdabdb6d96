"""The record of a run: what it was given, its tags and metadata, its steps, its scores, and what it came to."""

from __future__ import annotations

from typing import Any

from hiveloop.events import TaskStarted
from hiveloop.payloads import RunUpdate, Score, Step
from msgspec import Struct

from hiveboard.instant import format_instant
from hiveboard.store.values import count_of, dict_of, text_in

from .action_tree import Told

__all__ = ["RunRecord", "ScoreView", "StepView", "run_record"]

_MAX_NAMES = 1_000
_MAX_POSITION = 10**9


class ScoreView(Struct, kw_only=True):
    """A grade: ``value`` is a number, true or false, or a category, as ``data_type`` says."""

    name: str
    value: Any
    data_type: str | None
    comment: str | None
    at: str


class StepView(Struct, kw_only=True):
    """A step that was done; ``position`` counts from 1, null when the agent numbered none."""

    name: str
    position: int | None
    output: Any
    at: str


class RunRecord(Struct, kw_only=True):
    """What a run told of itself. Of a tag, a metadata value and the result, the last one told counts; null is unknown."""

    inputs: Any
    tags: dict[str, str]
    metadata: dict[str, Any]
    result: Any
    scores: list[ScoreView]
    steps: list[StepView]


def run_record(told: Told) -> RunRecord:
    """The record, from the run's events in order of time."""
    record = RunRecord(inputs=None, tags={}, metadata={}, result=None, scores=[], steps=[])
    for event, payload in told:
        if event.record.event_type == TaskStarted.event_type:
            _begin(record, payload)
            continue
        data = dict_of(payload.get("data"))
        at = format_instant(event.record.ts)
        if event.record.kind == RunUpdate.kind:
            _update(record, data)
        elif event.record.kind == Score.kind:
            record.scores.append(_score(data, at))
        elif event.record.kind == Step.kind:
            record.steps.append(_step(data, at))
    return record


def _begin(record: RunRecord, payload: dict[str, Any]) -> None:
    if payload.get("inputs") is not None:
        record.inputs = payload["inputs"]
    _merge(record.metadata, dict_of(payload.get("metadata")))


def _update(record: RunRecord, data: dict[str, Any]) -> None:
    tags = {name: value for name, value in dict_of(data.get("tags")).items() if isinstance(value, str)}
    _merge(record.tags, tags)
    _merge(record.metadata, dict_of(data.get("metadata")))
    if data.get("result") is not None:
        record.result = data["result"]


def _merge(known: dict[str, Any], told: dict[str, Any]) -> None:
    for name, value in told.items():
        if name in known or len(known) < _MAX_NAMES:
            known[name] = value


def _score(data: dict[str, Any], at: str) -> ScoreView:
    return ScoreView(
        name=text_in(data, "name") or "score",
        value=data.get("value"),
        data_type=text_in(data, "data_type"),
        comment=text_in(data, "comment"),
        at=at,
    )


def _step(data: dict[str, Any], at: str) -> StepView:
    return StepView(
        name=text_in(data, "name") or "step",
        position=count_of(data.get("position"), _MAX_POSITION),
        output=data.get("output"),
        at=at,
    )
