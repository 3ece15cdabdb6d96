"""What a handler watches with: its settings, and how it opens a root."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import _steps as steps
from ._roots import open_bare, open_root
from ._runs import LlmRun, Options, RootRun, Run

__all__ = ["Watching"]


class Watching:
    """Settings of one handler. What runs share is kept for the process, not here."""

    _options: Options
    _enabled: bool

    def configure(
        self, agent: str | Callable[[RootRun], str] | None, project: str | None, capture_content: bool
    ) -> None:
        """Change the settings for roots that start from now on."""
        self._options = Options(agent, project, capture_content)

    def disable(self) -> None:
        """Open no new roots; runs under way are still told to their end."""
        self._enabled = False

    def _root(self, run_id: Any, label: str, tags: Any, metadata: Any, inputs: Any, kind: str) -> Run | None:
        """An outermost run: its record, with an action of its own where it is one."""
        if not self._enabled:
            return None
        info = RootRun(label, metadata, tuple(tags or ()))
        bare = kind in ("llm", "retrieval")
        root = open_bare(self._options, info) if bare else open_root(self._options, info, inputs, run_id)
        root.run_id = run_id
        if kind == "llm":
            return LlmRun(run_id, None, root, label, root.base_action)
        run = Run(run_id, None, root, kind, label, root.base_action)
        run.agent_name = metadata.get("lc_agent_name")
        if kind != "chain" or not root.owned:
            run.action_id = run.scope = str(run_id)
            run.parent_action = root.base_action
        if kind == "chain":
            steps.open_step(run, None)
        return run
