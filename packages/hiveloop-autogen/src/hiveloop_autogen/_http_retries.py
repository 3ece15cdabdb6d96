"""Requests that the openai and anthropic clients send again by themselves: `retry_started` of the model call."""

from __future__ import annotations

from hiveloop.adapters import ClientRetries, ModelCall

from ._nodes import LlmNode, here

__all__ = ["http_retries"]


def _current_call() -> ModelCall | None:
    node = here()
    return ModelCall(node.work.emit, node.action_id, node.name) if isinstance(node, LlmNode) else None


#: Watches the clients that are imported by the time of a model call, until `uninstrument()`.
http_retries = ClientRetries(_current_call)
