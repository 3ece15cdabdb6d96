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
        self._serial = itertools.count().__next__
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def base_url(self, effects: list[str], label: str, usage: dict[str, int] | None) -> str:
        """Where a client of this run sends to."""
        run = f"run-{self._serial()}"
        self.runs[run] = (effects, label, usage)
        return f"http://127.0.0.1:{self.server_address[1]}/{run}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: _Provider

    def do_POST(self) -> None:
        given = self.rfile.read(int(self.headers["content-length"]))
        if not given:  # a client that gave up before it had sent its question
            self.close_connection = True
            return
        asked = json.loads(given)
        effects, label, usage = self.server.runs[self.path.split("/")[1]]
        effects.append("llm")
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
        data = json.dumps(body).encode()
        self.send_response(200)
        for name, value in {"content-type": "application/json", "content-length": str(len(data))}.items():
            self.send_header(name, value)
        # So that no client keeps a socket when it is forgotten.
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def _message(asked: dict[str, Any], label: str) -> dict[str, Any]:
    """A tool call to a conversation without a tool's result, and an answer to one that has it."""
    if any(message["role"] == "tool" for message in asked["messages"]) or not asked.get("tools"):
        return {"role": "assistant", "content": f"done with {label}"}
    function = {"name": "lookup", "arguments": json.dumps({"subject": label})}
    call = {"id": "call-1", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


provider = _Provider()
