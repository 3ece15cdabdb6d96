"""What an agent tells of itself outside tasks: its life cycle, its configuration, its memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ._arguments import amount, count, entries, shown, text
from ._safety import contained
from ._telling import MemoryTeller
from .events import Event
from .payloads import ConfigSnapshot, Runtime

__all__ = ["AgentInsight"]

_MOST_TOOLS = 500
#: Of a longer prompt the rest does not count.
_MOST_PROMPT = 10_000_000


class AgentInsight(MemoryTeller):
    """The self-describing half of :class:`~hiveloop.Agent`. Keywords beyond those named go into ``data`` as they are."""

    def send(self, event: Event) -> None:
        """Implemented by the handle."""
        raise NotImplementedError

    def _send_here(self, event: Event) -> None:
        self.send(event)

    @contained
    def runtime(self, event: str, summary: str | None = None, **more: Any) -> None:
        """A moment in the agent's life: ``agent_started``, ``agent_stopped``, ``model_switched``, …"""
        name = text(event, 128) or "runtime"
        self._tell(
            Runtime, summary if summary is not None else name.replace("_", " "), {**more, "event": name}
        )

    @contained
    def config_snapshot(
        self,
        model: str | None = None,
        *,
        temperature: float | None = None,
        max_turns: int | None = None,
        max_tokens: int | None = None,
        tools: Iterable[Any] | None = None,
        system_prompt: str | None = None,
        system_prompt_tokens: int | None = None,
        version: str | None = None,
        **more: Any,
    ) -> None:
        """The configuration at start or after a change. Of ``system_prompt`` only a hash and the length are sent."""
        import hashlib  # only where this is told

        prompt = None if system_prompt is None else shown(system_prompt, _MOST_PROMPT)
        digest = (
            None if prompt is None else hashlib.sha256(prompt.encode("utf-8", "replace")).hexdigest()[:16]
        )
        data = {
            **more,
            "model": text(model, 256),
            "temperature": amount(temperature, "temperature"),
            "max_turns": count(max_turns, "max_turns"),
            "max_tokens": count(max_tokens, "max_tokens"),
            "tools": None if tools is None else [text(tool, 256) for tool in entries(tools, _MOST_TOOLS)],
            "system_prompt_hash": digest,
            "system_prompt_chars": None if prompt is None else len(prompt),
            "system_prompt_tokens": count(system_prompt_tokens, "system_prompt_tokens"),
            "version": text(version, 128),
        }
        self._tell(
            ConfigSnapshot, f"Configuration with {data['model']}" if data["model"] else "Configuration", data
        )
