"""A provider on loopback that answers by the conversation alone, and notes each call at the moment it works."""

from __future__ import annotations

import itertools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["USAGE", "provider"]

USAGE = {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150}


class _Provider(ThreadingHTTPServer):
    """One for the process; each run has a path of its own."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.runs: dict[str, tuple[list[str], str, dict[str, int] | None]] = {}
        #: How often a run is still refused for its rate.
        self.refusals: dict[str, int] = {}
        self._serial = itertools.count().__next__
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def base_url(
        self, effects: list[str], label: str, usage: dict[str, int] | None, refusals: int = 0
    ) -> str:
        """Where a client of this run sends to; its first requests are refused for their rate."""
        run = f"run-{self._serial()}"
        self.runs[run] = (effects, label, usage)
        self.refusals[run] = refusals
        return f"http://127.0.0.1:{self.server_address[1]}/{run}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: _Provider

    def do_POST(self) -> None:
        given = self.rfile.read(int(self.headers["content-length"]))
        if not given:  # a client that gave up before it had sent its question
            self.close_connection = True
            return
        asked = json.loads(given)
        run = self.path.split("/")[1]
        effects, label, usage = self.server.runs[run]
        effects.append("llm")
        if self.server.refusals[run] > 0:
            self.server.refusals[run] -= 1
            self._send(429, json.dumps({"error": {"message": "slow down"}}).encode(), {"retry-after": "0"})
            return
        message = _message(asked, label)
        stop = "tool_calls" if "tool_calls" in message else "stop"
        body: dict[str, Any] = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-4.1-mini",
            "choices": [{"index": 0, "message": message, "finish_reason": stop}],
        }
        if usage is not None:
            body["usage"] = usage
        if asked.get("stream"):
            self._send(200, _streamed(message, stop, usage), {"content-type": "text/event-stream"})
            return
        self._send(200, json.dumps(body).encode(), {"content-type": "application/json"})

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(data))}.items():
            self.send_header(name, value)
        # So that no client keeps a socket when it is forgotten.
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def _streamed(message: dict[str, Any], stop: str, usage: dict[str, int] | None) -> bytes:
    """The same answer word by word, the usage at the end."""
    deltas: list[dict[str, Any]] = [{"content": f"{word} "} for word in (message["content"] or "").split()]
    if "tool_calls" in message:
        deltas = [{"tool_calls": [{**call, "index": n} for n, call in enumerate(message["tool_calls"])]}]
    choices: list[list[dict[str, Any]]] = [
        [{"index": 0, "delta": delta, "finish_reason": None}] for delta in deltas
    ]
    choices.append([{"index": 0, "delta": {}, "finish_reason": stop}])
    about = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4.1-mini"}
    chunks = [{**about, "choices": found} for found in choices]
    if usage is not None:
        chunks.append({**about, "choices": [], "usage": usage})
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


def _message(asked: dict[str, Any], label: str) -> dict[str, Any]:
    """A tool call to a conversation without a tool's result, and an answer to one that has it."""
    if any(message["role"] == "tool" for message in asked["messages"]) or not asked.get("tools"):
        return {"role": "assistant", "content": f"done with {label}"}
    function = {"name": "lookup", "arguments": json.dumps({"subject": label})}
    call = {"id": "call-1", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


provider = _Provider()
