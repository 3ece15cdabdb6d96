"""What a handler watches with: its settings, and how it opens a root."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hiveloop.adapters import ClientRetries

from . import _steps as steps
from ._roots import open_bare, open_root
from ._runs import LlmRun, Options, Root, RootRun, Run, id_number, state
from ._waiting import go_on, key_of

__all__ = ["Watching"]


class Watching:
    """Settings of one handler. What runs share is kept for the process, not here."""

    _options: Options
    _enabled: bool
    #: HTTP retries inside the model clients, seen from this handler's first model call on.
    _client_retries: ClientRetries

    def configure(
        self, agent: str | Callable[[RootRun], str] | None, project: str | None, capture_content: bool
    ) -> None:
        """Change the settings for roots that start from now on."""
        self._options = Options(agent, project, capture_content)

    def disable(self) -> None:
        """Open no new roots; runs under way are still told to their end, but for HTTP retries from now on."""
        self._enabled = False
        self._client_retries.close()

    def watch_clients(self) -> None:
        """See the HTTP retries of the model clients imported by now."""
        if self._enabled:
            self._client_retries.watch()

    def _root(self, run_id: Any, label: str, tags: Any, metadata: Any, inputs: Any, kind: str) -> Run | None:
        """An outermost run: its record, with an action of its own where it is one."""
        if not self._enabled:
            return None
        info = RootRun(label, metadata, tuple(tags or ()))
        bare = kind in ("llm", "retrieval")
        root = open_bare(self._options, info) if bare else open_root(self._options, info, inputs, run_id)
        root.number = number = id_number(run_id)
        if kind == "llm":
            return LlmRun(number, None, root, label, root.base_action)
        state.recent.append(root)
        run = Run(number, None, root, kind, label, root.base_action)
        run.agent_name = metadata.get("lc_agent_name")
        if kind != "chain" or not root.owned:
            run.action_id = run.scope = str(run_id)
            run.parent_action = root.base_action
        if kind == "chain":
            steps.open_step(run, None)
        return run

    def _graph_inside(self, number: Any, root: Root, label: str, metadata: Any, inputs: Any) -> Run | None:
        """A graph with a thread begins inside of a run without one: a root again, where its task waited for it."""
        again = go_on(root, key_of(metadata["thread_id"], label, self._options), inputs)
        if again is None:
            root.graph_run = number
            return None
        again.number = number
        run = Run(number, None, again, "chain", label, again.base_action)
        run.agent_name = metadata.get("lc_agent_name")
        return run
