"""The adapter suite, for a program instrumented by hand whose tool is retried: what of it concerns a retry library.

tenacity has no runs, tools or model calls, so the host below tells those itself and the suite proves that observing
the retries leaves all of it as it was. What the suite asks of the adapter alone is asked here in other words, test by
test, under the same names; ``REPLACED`` lists them, and a test that nothing else is replaced.
"""

from __future__ import annotations

from typing import Any

import hiveloop
import hiveloop_tenacity
import tenacity
from hiveloop import events, payloads
from hiveloop.adapters import contained, gate
from hiveloop.middleware import Redact
from hiveloop.testing import Captured, capture_events
from hiveloop.testing.conformance import CONTENT, AdapterConformance, ScriptedError, assert_catalogue

from .scripted import awake, data, quick

REPLACED = {
    "test_unknown_tokens_are_absent": "the adapter tells no model call, task or action at all",
    "test_uninstalling_restores": "the host goes on telling its own",
    "test_without_content_capture_no_content_leaves": "what the host tells is not the adapter's to cut",
    "test_redaction_applies": "the same",
}
AGENT = "host"


@contained
def _ask(task: hiveloop.Task, kind: str, name: str) -> None:
    gate(task, kind, name, None)


def _think(task: hiveloop.Task, effects: list[str], **usage: int) -> None:
    """The host's model call, told by hand."""
    _ask(task, "llm", "model")
    effects.append("llm")
    told = payloads.LlmCallData(name="model", model="scripted", **usage)
    task.emit(events.Custom(payload=payloads.LlmCall(data=told, tags=["llm"])))


class Lookup:
    """The host's tool: busy at its first try; with an error of its own it fails at every try, for good."""

    def __init__(self, effects: list[str], label: str, error: Exception | None = None) -> None:
        self.effects = effects
        self.label = label
        self.error = error
        self.tries = 0

    def attempt(self, subject: str) -> str:
        self.tries += 1
        if self.tries == 1:
            raise ConnectionError(f"busy with {self.label}")
        self.effects.append("tool")
        if self.error is not None:
            raise self.error
        return f"all about {subject}"

    def run(self) -> str:
        found: str = tenacity.retry(**_options())(self.attempt)(self.label)
        return found

    async def arun(self) -> str:
        @tenacity.retry(**_options(sleep=awake))
        async def attempt(subject: str) -> str:
            return self.attempt(subject)

        found: str = await attempt(self.label)
        return found


def _options(**more: Any) -> dict[str, Any]:
    return quick(retry=tenacity.retry_if_exception_type(ConnectionError), **more)


class TestTenacity(AdapterConformance):
    package = "hiveloop_tenacity"
    frameworks = ("tenacity",)

    def install(self, capture_content: bool = True) -> None:
        hiveloop_tenacity.instrument(capture_content=capture_content)

    def uninstall(self) -> None:
        hiveloop_tenacity.uninstrument()

    # -- the host --

    def _run(self, effects: list[str], label: str = CONTENT, error: Exception | None = None) -> Any:
        agent = hiveloop.agent(AGENT)
        with agent.task(inputs={"label": label}) as task:
            _think(task, effects, tokens_in=12, tokens_out=3)
            with agent.track_context("lookup"):
                found = Lookup(effects, label, error).run()
            _think(task, effects, tokens_in=20, tokens_out=5)
        return found

    def run_success(self, effects: list[str]) -> Any:
        return self._run(effects)

    async def run_async(self, effects: list[str]) -> Any:
        return await self._arun(effects, CONTENT)

    async def _arun(self, effects: list[str], label: str) -> Any:
        agent = hiveloop.agent(AGENT)
        async with agent.task(inputs={"label": label}) as task:
            _think(task, effects, tokens_in=12, tokens_out=3)
            async with agent.track_context("lookup"):
                found = await Lookup(effects, label).arun()
            _think(task, effects, tokens_in=20, tokens_out=5)
        return found

    def run_failure(self, effects: list[str], error: ScriptedError) -> Any:
        return self._run(effects, error=error)

    def run_tool_error(self, effects: list[str]) -> Any:
        agent = hiveloop.agent(AGENT)
        found = None
        with agent.task() as task:
            _think(task, effects, tokens_in=12, tokens_out=3)
            try:
                with agent.track_context("lookup"):
                    found = Lookup(effects, CONTENT, ScriptedError("handled")).run()
            except ScriptedError:
                _think(task, effects, tokens_in=20, tokens_out=5)
        return found

    def run_unknown_usage(self, effects: list[str]) -> Any:
        with hiveloop.agent(AGENT).task() as task:
            _think(task, effects)
            return Lookup(effects, CONTENT).run()

    def run_labelled(self, label: str) -> Any:
        return self._run([], label)

    async def run_labelled_async(self, label: str) -> Any:
        return await self._arun([], label)

    def patched_points(self) -> list[Any]:
        block = tenacity.AttemptManager
        owners = [(tenacity.BaseRetrying, "iter"), (tenacity.AsyncRetrying, "iter")]
        owners += [(block, name) for name in ("__enter__", "__exit__", "__aenter__", "__aexit__")]
        return [vars(owner).get(name) for owner, name in owners]

    # -- what is asked in other words --

    def _retry_alone(self) -> None:
        """Retries without a host around them: recovered, given up, and a loop."""
        Lookup([], CONTENT).run()
        self.catch(
            tenacity.retry(**_options())(Lookup([], CONTENT, ConnectionError(CONTENT)).attempt), CONTENT
        )
        tool = Lookup([], CONTENT)
        for attempt in tenacity.Retrying(**_options()):
            with attempt:
                tool.attempt(CONTENT)

    def test_unknown_tokens_are_absent(self) -> None:
        """Alone, the adapter tells retries and their ends, and nothing it cannot know."""
        with self.installed() as seen:
            self._retry_alone()
        assert_catalogue(seen)
        told = {event["payload"].get("kind", event["event_type"]) for event in seen.events}
        assert told - {"agent_registered"} == {"retry_started", "recovered", "issue"}

    def test_uninstalling_restores(self) -> None:
        self.uninstall()
        before = self.patched_points()
        with self.installed():
            assert all(now is not then for now, then in zip(self.patched_points()[:1], before, strict=False))
            self.run_success([])
        assert all(now is then for now, then in zip(self.patched_points(), before, strict=True))
        with capture_events() as seen:
            self._retry_alone()
            self.run_success([])
        assert not seen.of_type("retry_started")
        assert not seen.kinds("recovered", "issue")
        self.uninstall()

    def test_without_content_capture_no_content_leaves(self) -> None:
        with self.installed() as open_book:
            self._retry_alone()
        assert {CONTENT in retry["reason"] for retry in data(open_book)} == {True}
        with self.installed(capture_content=False) as seen:
            self._retry_alone()
        assert len(data(seen)) == len(data(open_book))
        assert CONTENT.encode() not in seen.raw

    def test_redaction_applies(self) -> None:
        with self.installed(middleware=[Redact(patterns=[CONTENT])]) as seen:
            self._retry_alone()
        assert data(seen)
        assert CONTENT.encode() not in seen.raw

    # -- what else holds in the host --

    def test_the_retry_belongs_to_the_tool_it_happens_in(self) -> None:
        with self.installed() as seen:
            self.run_success([])
        self._assert_inside_the_tool(seen)

    def _assert_inside_the_tool(self, seen: Captured) -> None:
        (tool,) = seen.of_type("action_started")
        found = [*seen.of_type("retry_started"), *seen.kinds("recovered")]
        assert len(found) == 2
        assert {event["action_id"] for event in found} == {tool["action_id"]}
        assert {event["agent_id"] for event in found} == {AGENT}


def test_nothing_else_of_the_suite_is_replaced() -> None:
    own = {name for name in vars(TestTenacity) if name.startswith("test_")}
    assert own & set(dir(AdapterConformance)) == set(REPLACED)
