"""What a test asserts about a run: cost, tokens, calls, tools, loops, errors, status. Failures are plain sentences."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from hiveloop.detectors import CycleDetector
from hiveloop.events import ActionCompleted

from ._baseline import Baseline, Tolerance, compare, measure
from ._files import Files
from ._story import ModelCall, Story, counted, dollars

__all__ = ["Assertions"]

_MOST_ERRORS = 10
_UPDATE = "To {} it: pytest --hiveloop-update-baselines"
_DONE = {"completed": "success"}


class Assertions:
    """Assertions over everything captured so far. Each raises ``AssertionError`` with numbers and the run's story."""

    #: Where baselines and cassettes are, and whether they may be written; the fixture ``hive`` knows its test.
    files: Files = Files()

    @property
    @abstractmethod
    def story(self) -> Story:
        """What the agents did so far: ``tools``, ``calls``, ``tokens``, ``cost``, ``retries``, ``runs``, ``errors``."""

    def assert_cost_below(self, usd: float) -> None:
        """All model calls together cost less than this many US dollars. A call of unknown cost fails: it is not 0."""
        __tracebackhide__ = True
        story = self.story
        known = round(sum(call.cost for call in story.calls if call.cost is not None), 9)
        unknown = [call for call in story.calls if call.cost is None]
        if known >= usd:
            more = f", and {counted(len(unknown), 'more call')} of unknown cost" if unknown else ""
            calls = counted(len(story.calls) - len(unknown), "model call")
            _fail(
                f"The run cost {dollars(known)} in {calls}{more}; expected less than {dollars(usd)}.", story
            )
        if unknown:
            _fail(
                f"The cost is unknown: {_which(unknown)} of {len(story.calls)} carry none; expected less than "
                f"{dollars(usd)}. Give prices: override the fixture hive_prices, or capture_events(prices=…).",
                story,
            )

    def assert_tokens_below(self, tokens: int) -> None:
        """All model calls together used fewer tokens, both directions counted. A call without a count fails."""
        __tracebackhide__ = True
        story = self.story
        known = sum((call.tokens_in or 0) + (call.tokens_out or 0) for call in story.calls)
        unknown = [call for call in story.calls if call.tokens is None]
        if known >= tokens:
            more = f", and {counted(len(unknown), 'call')} did not tell all of theirs" if unknown else ""
            _fail(
                f"The run used {known:,} tokens in {counted(len(story.calls), 'model call')}{more}; "
                f"expected fewer than {tokens:,}.",
                story,
            )
        if unknown:
            _fail(
                f"The tokens are unknown: {_which(unknown)} of {len(story.calls)} told none; expected fewer than "
                f"{tokens:,} in all.",
                story,
            )

    def assert_llm_calls(
        self, max: int | None = None, min: int | None = None, model: str | None = None
    ) -> None:
        """So many model calls, failed ones included; of one model when named, which may be a pattern (``gpt-4.1*``)."""
        __tracebackhide__ = True
        if max is None and min is None:
            raise TypeError("assert_llm_calls needs max=, min= or both")
        story = self.story
        found = [call for call in story.calls if model is None or call.is_of(model)]
        of = "" if model is None else f" of {model}"
        if max is not None and len(found) > max:
            _fail(f"The run made {counted(len(found), 'model call')}{of}; expected at most {max}.", story)
        if min is not None and len(found) < min:
            _fail(f"The run made {counted(len(found), 'model call')}{of}; expected at least {min}.", story)

    def assert_tools(self, names: Sequence[str], order: bool = True) -> None:
        """Exactly these tools were used, each as often as it is named; with ``order``, begun in this order."""
        __tracebackhide__ = True
        if isinstance(names, str):
            raise TypeError("assert_tools takes a list of tool names: wrap a single one in [ ]")
        story = self.story
        wanted, used = list(names), [tool.name for tool in story.tools]
        if used == wanted or (not order and Counter(used) == Counter(wanted)):
            return
        missing, extra = Counter(wanted) - Counter(used), Counter(used) - Counter(wanted)
        parts = [
            f"{label}: {', '.join(sorted(tools.elements()))}"
            for label, tools in (("missing", missing), ("not expected", extra))
            if tools
        ]
        why = "; ".join(parts) or f"the order differs from step {_first_difference(wanted, used)} on"
        how = "in this order" if order else "in any order"
        _fail(
            f"The run used the tools {_list(used)}; expected {_list(wanted)} {how} ({why}).",
            story,
        )

    def assert_no_loop(self, threshold: int = 3, max_period: int = 6, exempt: Iterable[str] = ()) -> None:
        """No tool was called ``threshold`` times in a row with the same arguments, no few calls alternated.

        What counts as a loop is what :class:`~hiveloop.detectors.CycleDetector` finds. Calls whose arguments were not
        told are compared by name alone; ``exempt`` names tools that may repeat.
        """
        __tracebackhide__ = True
        story = self.story
        detector = CycleDetector(threshold, max_period, exempt=exempt)
        for tool in story.tools:
            args = {} if tool.arguments is None else tool.arguments
            told = ActionCompleted(task_run_id=tool.run, payload={"action_name": tool.name, "args": args})
            found = detector.see("", told)
            if found is not None:
                _fail(f"The run is in a loop: {found.message}; expected none.", story)

    def assert_no_errors(self) -> None:
        """Nothing failed: no task, no step, no tool, no model call, and nothing was reported as an error."""
        __tracebackhide__ = True
        story = self.story
        if story.errors:
            shown = "\n".join(f"  - {text}" for text in story.errors[:_MOST_ERRORS])
            left = len(story.errors) - _MOST_ERRORS
            more = f"\n  … {left} more" if left > 0 else ""
            _fail(f"{counted(len(story.errors), 'error')} reported; expected none:\n{shown}{more}", story)

    def assert_status(self, status: str, task: str | None = None) -> None:
        """Every task, or every one with this id or type, ended so: ``success`` (or ``completed``), ``failed``, ``cancelled``, …"""
        __tracebackhide__ = True
        story = self.story
        runs = [run for run in story.runs if task is None or task in (run.task_id, run.task_type)]
        if not runs:
            what = "No task was reported" if task is None else f"No task {task!r} was reported"
            _fail(f"{what}; expected one that ended with {status}.", story)
        wrong = [run for run in runs if run.status != _DONE.get(status, status)]
        if wrong:
            said = ", ".join(
                f"{run.task_id} {'has not ended' if run.status == 'open' else 'ended with ' + run.status}"
                for run in wrong[:_MOST_ERRORS]
            )
            _fail(
                f"{counted(len(wrong), 'task')} of {len(runs)} ended otherwise: {said}; expected {status}.",
                story,
            )

    def assert_no_regression(
        self,
        baseline: str | Path | None = None,
        *,
        calls: int = 0,
        tokens: float = 0.10,
        cost: float = 0.10,
        retries: int = 0,
        order: bool = True,
    ) -> None:
        """The run is no worse than a baseline kept in git: model calls, tokens, cost, retries, and the same tools.

        ``pytest --hiveloop-update-baselines`` writes it: ``baselines/<test file>/<test>.json`` next to the test, or
        where ``baseline`` says (relative to the test's folder). ``calls`` and ``retries`` are how many more are fine,
        ``tokens`` and ``cost`` by what share they may grow; ``order=False`` lets tools come in any order. What the
        baseline knows and the run does not tell is a regression too: unknown is not 0.
        """
        __tracebackhide__ = True
        story = self.story
        path = self.files.baseline(baseline)
        if self.files.updates:
            self.files.write(path, measure(story).to_json())
            return
        shown = self.files.shown(path)
        if not path.is_file():
            _fail(f"There is no baseline {shown}. {_UPDATE.format('create')}", story)
        before = Baseline.from_json(path.read_bytes())
        if before is None:
            _fail(f"{shown} is not a baseline. {_UPDATE.format('replace')}", story)
        found = compare(before, measure(story), Tolerance(calls, tokens, cost, retries, order))
        if found:
            lines = "\n".join(f"  {line}" for line in found)
            _fail(
                f"The run is not that of its baseline {shown}:\n{lines}\n{_UPDATE.format('accept')}",
                story,
            )


def _fail(sentence: str, story: Story) -> NoReturn:
    __tracebackhide__ = True
    raise AssertionError(f"{sentence}\n{story.text()}")


def _which(calls: list[ModelCall]) -> str:
    """How many calls, and of which models."""
    models = sorted({call.models[0] for call in calls if call.models})
    of = f" ({', '.join(models)})" if models else ""
    return f"{counted(len(calls), 'model call')}{of}"


def _list(names: list[str]) -> str:
    return " → ".join(names) or "(none)"


def _first_difference(one: list[str], other: list[str]) -> int:
    return next(at for at, (left, right) in enumerate(zip(one, other, strict=True), 1) if left != right)
