"""What an adapter says about its framework to the conformance suite, and the machinery the suite runs it with."""

from __future__ import annotations

import contextlib
import importlib
import inspect
from collections.abc import Iterator
from typing import Any, ClassVar
from unittest import mock

from hiveloop import Intervention, _safety
from hiveloop.adapters import add_gate, remove_gate

from ._capture import Captured, capture_events

__all__ = ["CONTENT", "AdapterHooks", "ScriptedError", "Stop"]

#: Goes into prompt, answer, tool arguments, tool result and error text of the scripted runs.
CONTENT = "content-7f3a"


class ScriptedError(Exception):
    """What ``run_failure`` raises from inside the framework."""


class Stop(Intervention):
    """What the suite's gate raises."""


class _Caught:
    """Keeps what was raised inside: whatever the framework raises is the subject of the tests."""

    error: BaseException | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: Any) -> bool:
        self.error = error
        return isinstance(error, Exception)


class AdapterHooks:
    """What a subclass of the suite overrides: everything that raises ``NotImplementedError``.

    ``effects`` is a list the scripted model appends ``"llm"`` to at each call, and the scripted tool ``"tool"``,
    at the moment they do their work.
    """

    #: Importable name of the adapter package; it has ``instrument`` and ``_translate``.
    package: ClassVar[str]
    #: Top-level modules of the framework, to be hidden when importing without it.
    frameworks: ClassVar[tuple[str, ...]]

    # -- hooks --

    def install(self, capture_content: bool = True) -> None:
        """Turn the adapter on for the runs that follow."""
        raise NotImplementedError

    def uninstall(self) -> None:
        """Turn it off; must be harmless when it is off."""
        raise NotImplementedError

    def run_success(self, effects: list[str]) -> Any:
        """One agent run: a model call that asks for a tool, the tool, a model call that answers.

        Both calls report usage. :data:`CONTENT` is part of prompt, answer, tool argument and tool result.
        Returns something comparable with ``==``.
        """
        raise NotImplementedError

    async def run_async(self, effects: list[str]) -> Any:
        """The same through the framework's async interface, with an equal result."""
        raise NotImplementedError

    def run_failure(self, effects: list[str], error: ScriptedError) -> Any:
        """Like ``run_success``, but the tool raises this very object and nothing handles it."""
        raise NotImplementedError

    def run_tool_error(self, effects: list[str]) -> Any:
        """The tool fails, the framework or agent handles it, and the run succeeds."""
        raise NotImplementedError

    def run_unknown_usage(self, effects: list[str]) -> Any:
        """A run with a model that reports no usage."""
        raise NotImplementedError

    def run_labelled(self, label: str) -> Any:
        """Like ``run_success`` with ``label`` in the prompt and the tool argument; called from many threads at once."""
        raise NotImplementedError

    async def run_labelled_async(self, label: str) -> Any:
        """The same, many at once on one event loop."""
        raise NotImplementedError

    def patched_points(self) -> list[Any]:
        """Objects of the framework the adapter replaces; must be the same ones after ``uninstall`` as before ``install``."""
        return []

    def original_error(self, caught: BaseException) -> BaseException:
        """The scripted error inside what the framework raised; for frameworks that wrap."""
        return caught

    # -- machinery --

    @contextlib.contextmanager
    def installed(self, capture_content: bool = True, **capture: Any) -> Iterator[Captured]:
        """The adapter turned on and its events recorded; fails if the safety boundary had to swallow anything."""
        swallowed: list[str] = []

        def listen(error: BaseException, where: str) -> None:
            swallowed.append(f"{where}: {error!r}")

        self.install(capture_content=capture_content)
        _safety.listeners.append(listen)
        try:
            with capture_events(**capture) as seen:
                yield seen
        finally:
            _safety.listeners.remove(listen)
            self.uninstall()
        assert not swallowed, f"the adapter failed inside its safety boundary: {swallowed}"

    def catch(self, run: Any, *args: Any) -> tuple[Any, BaseException | None]:
        """Run it: ``(result, None)``, or ``(None, whatever the framework raised)``."""
        caught = _Caught()
        result = None
        with caught:
            result = run(*args)
        return result, caught.error

    @contextlib.contextmanager
    def broken_translators(self) -> Iterator[None]:
        module = importlib.import_module(f"{self.package}._translate")
        names = [name for name in module.__all__ if inspect.isfunction(getattr(module, name))]
        assert names, f"{module.__name__} exports no translator"
        broken = mock.Mock(side_effect=RuntimeError("translator broke"))
        with contextlib.ExitStack() as stack:
            for name in names:
                stack.enter_context(mock.patch.object(module, name, broken))
            yield
        assert broken.called, "the adapter does not go through its translators"

    @contextlib.contextmanager
    def gated(self, ask: Any) -> Iterator[None]:
        add_gate(ask)
        try:
            yield
        finally:
            remove_gate(ask)
