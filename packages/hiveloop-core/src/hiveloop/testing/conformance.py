"""The suite every adapter passes. Subclass :class:`AdapterConformance`, say how to run the framework, run pytest.

The hooks run the real framework with a scripted model; the tests compare what happens with and without the
adapter and look at every event that would leave the process. Nothing here imports a framework or pytest.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections import Counter
from typing import Any

from hiveloop.middleware import DropContent, Redact

from ._capture import capture_events
from ._hooks import CONTENT, AdapterHooks, ScriptedError, Stop
from ._invariants import assert_catalogue, assert_closed, assert_one_tree

__all__ = [
    "CONTENT",
    "AdapterConformance",
    "ScriptedError",
    "Stop",
    "assert_catalogue",
    "assert_closed",
    "assert_one_tree",
]


class AdapterConformance(AdapterHooks):
    """Subclass as ``class TestMyAdapter(AdapterConformance)`` and override the hooks; see :class:`AdapterHooks`."""

    # -- the events --

    def test_only_catalogue_events_and_every_start_has_its_end(self) -> None:
        with self.installed() as seen:
            self.run_success([])
            self.run_tool_error([])
            self.catch(self.run_failure, [], ScriptedError(CONTENT))
            asyncio.run(self.run_async([]))
        assert_catalogue(seen)
        assert_closed(seen)
        assert seen.of_type("task_started"), "a run is a task"
        assert seen.of_type("action_started"), "a tool is an action"

    def test_a_success_is_told_with_its_calls_and_tokens(self) -> None:
        with self.installed() as seen:
            self.run_success([])
        assert [event["status"] for event in seen.of_type("task_completed")] == ["success"]
        assert not seen.of_type("task_failed", "action_failed")
        calls = [event["payload"]["data"] for event in seen.kinds("llm_call")]
        assert len(calls) == 2
        assert all(call["tokens_in"] > 0 and call["tokens_out"] > 0 and call["model"] for call in calls)

    def test_a_failed_tool_does_not_fail_its_task(self) -> None:
        with self.installed() as seen:
            self.run_tool_error([])
        assert not seen.of_type("task_failed")
        assert seen.of_type("task_completed")
        assert seen.of_type("action_failed"), "the tool's failure is told"

    def test_a_failure_fails_the_task_and_is_told_in_full_once(self) -> None:
        with self.installed() as seen:
            self.catch(self.run_failure, [], ScriptedError(f"broken {CONTENT}"))
        failed = seen.of_type("task_failed")
        assert [event["payload"]["exception_type"] for event in failed] == ["ScriptedError"]
        told = [
            event
            for event in seen.of_type("action_failed")
            if "broken" in event["payload"].get("exception_message", "")
        ]
        assert len(told) == 1, "the deepest action has the message, its parents only point to it"

    def test_unknown_tokens_are_absent(self) -> None:
        with self.installed() as seen:
            self.run_unknown_usage([])
        calls = [event["payload"]["data"] for event in seen.kinds("llm_call")]
        assert calls
        assert all(
            "tokens_in" not in call and "tokens_out" not in call and "cost" not in call for call in calls
        )

    # -- nothing changes for the host --

    def test_same_result_and_same_order_of_side_effects(self) -> None:
        for run in (self.run_success, self.run_tool_error, self.run_unknown_usage):
            bare: list[str] = []
            expected = run(bare)
            watched: list[str] = []
            with self.installed():
                assert run(watched) == expected
            assert watched == bare

    def test_same_result_async(self) -> None:
        bare: list[str] = []
        expected = asyncio.run(self.run_async(bare))
        watched: list[str] = []
        with self.installed() as seen:
            assert asyncio.run(self.run_async(watched)) == expected
        assert watched == bare
        assert len(seen.kinds("llm_call")) == 2

    def test_the_same_exception_object_comes_out(self) -> None:
        bare: list[str] = []
        self.catch(self.run_failure, bare, ScriptedError("bare"))
        error = ScriptedError("watched")
        watched: list[str] = []
        with self.installed():
            _, caught = self.catch(self.run_failure, watched, error)
        assert caught is not None
        assert self.original_error(caught) is error
        assert watched == bare

    def test_a_translator_that_raises_never_reaches_the_host(self) -> None:
        bare: list[str] = []
        expected = self.run_success(bare)
        watched: list[str] = []
        self.install()
        try:
            with capture_events(), self.broken_translators():
                assert self.run_success(watched) == expected
                assert asyncio.run(self.run_async([])) == expected
        finally:
            self.uninstall()
        assert watched == bare

    # -- parents --

    def test_threads_keep_their_parents(self) -> None:
        labels = [f"label-{index:03d}" for index in range(12)]
        start = threading.Barrier(len(labels))

        def work(label: str) -> None:
            start.wait(timeout=30)
            self.run_labelled(label)

        with self.installed() as seen:
            threads = [threading.Thread(target=work, args=(label,)) for label in labels]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(timeout=60)
        assert_one_tree(seen, labels)

    def test_asyncio_tasks_keep_their_parents(self) -> None:
        labels = [f"label-{index:03d}" for index in range(25)]

        async def together() -> None:
            await asyncio.gather(*(self.run_labelled_async(label) for label in labels))

        with self.installed() as seen:
            asyncio.run(together())
        assert_one_tree(seen, labels)

    def test_sync_runs_in_sequence_keep_their_parents(self) -> None:
        labels = ["label-one", "label-two"]
        with self.installed() as seen:
            for label in labels:
                self.run_labelled(label)
        assert_one_tree(seen, labels)

    # -- installing --

    def test_installing_twice_emits_once(self) -> None:
        with self.installed() as once:
            self.run_success([])
        with self.installed() as twice:
            self.install()
            self.run_success([])
        assert Counter(e["event_type"] for e in twice.events) == Counter(e["event_type"] for e in once.events)

    def test_uninstalling_restores(self) -> None:
        self.uninstall()
        before = self.patched_points()
        with self.installed():
            self.run_success([])
        after = self.patched_points()
        assert len(after) == len(before)
        assert all(new is old for new, old in zip(after, before, strict=True))
        with capture_events() as seen:
            self.run_success([])
        assert seen.events == []
        self.uninstall()

    def test_imports_without_the_framework(self) -> None:
        program = _WITHOUT.format(frameworks=self.frameworks, package=self.package)
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "pip install" in done.stdout

    # -- content --

    def test_without_content_capture_no_content_leaves(self) -> None:
        with self.installed() as open_book:
            self.run_success([])
        assert CONTENT.encode() in open_book.raw, (
            "the hook must put CONTENT into prompt, answer, argument and result"
        )
        with self.installed(capture_content=False) as seen:
            self.run_success([])
            self.run_tool_error([])
            self.catch(self.run_failure, [], ScriptedError(f"broken {CONTENT}"))
            asyncio.run(self.run_async([]))
        assert seen.kinds("llm_call")
        assert CONTENT.encode() not in seen.raw

    def test_redaction_applies(self) -> None:
        for middleware in (Redact(patterns=[CONTENT]), DropContent()):
            with self.installed(middleware=[middleware]) as seen:
                self.run_success([])
            assert seen.kinds("llm_call")
            assert CONTENT.encode() not in seen.raw

    # -- the gate --

    def test_the_gate_is_asked_before_each_call(self) -> None:
        effects: list[str] = []

        def ask(task: Any, kind: str, name: str, arguments: Any) -> None:
            effects.append(f"gate:{kind}")
            assert name
            assert task is not None

        with self.gated(ask), self.installed():
            self.run_success(effects)
        assert effects == ["gate:llm", "llm", "gate:tool", "tool", "gate:llm", "llm"]

    def test_an_intervention_ends_the_run_cleanly(self) -> None:
        for kind in ("llm", "tool"):
            self._stop_at(kind, self.run_success)
            self._stop_at(kind, lambda effects: asyncio.run(self.run_async(effects)))

    def _stop_at(self, kind: str, run: Any) -> None:
        stop = Stop(f"no more {kind}")

        def ask(task: Any, asked: str, name: str, arguments: Any) -> None:
            if asked == kind:
                raise stop

        effects: list[str] = []
        with self.gated(ask), self.installed() as seen:
            _, caught = self.catch(run, effects)
        assert caught is not None
        assert self.original_error(caught) is stop
        assert effects == ([] if kind == "llm" else ["llm"])
        assert_closed(seen)
        assert [event["payload"]["exception_type"] for event in seen.of_type("task_failed")] == ["Stop"]

    def test_a_gate_that_breaks_changes_nothing(self) -> None:
        def ask(task: Any, kind: str, name: str, arguments: Any) -> None:
            raise RuntimeError("gate broke")

        bare: list[str] = []
        expected = self.run_success(bare)
        watched: list[str] = []
        self.install()
        try:
            with self.gated(ask), capture_events() as seen:
                assert self.run_success(watched) == expected
        finally:
            self.uninstall()
        assert watched == bare
        assert len(seen.kinds("llm_call")) == 2


_WITHOUT = """
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {frameworks!r}:
            return None
        return self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
import importlib
package = importlib.import_module({package!r})
from hiveloop import AdapterUnavailable
try:
    package.instrument()
except AdapterUnavailable as missing:
    print(missing)
"""
