"""The HTTP server: chooses the script, counts faults, and writes JSON or server-sent events."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from . import anthropic_messages, openai_chat, openai_responses
from . import fault as faults
from .conversation import Answer, Conversation, read_messages, read_responses
from .script import Fault, Script, Turn

MAX_BODY_BYTES = 4_194_304
#: Anthropic's clients have sent either, depending on their version.
_KEY_HEADERS = ("authorization", "x-api-key")


@dataclass(frozen=True)
class _Dialect:
    """One endpoint: how its request is read and its answers are written."""

    read: Callable[[dict[str, Any]], Conversation]
    whole: Callable[[Answer], dict[str, Any]]
    stream: Callable[[Answer, Conversation], Iterable[str]]
    request_id_header: str
    error: Callable[[Fault, str], dict[str, Any]]


def _named(events: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, data in events:
        yield f"event: {name}\ndata: {data}\n\n"


def _chat_stream(answer: Answer, conversation: Conversation) -> Iterator[str]:
    for data in openai_chat.stream_events(answer, include_usage=conversation.include_usage):
        yield f"data: {data}\n\n"


def _openai_error(fault: Fault, _request_id: str) -> dict[str, Any]:
    return faults.openai_body(fault)


_DIALECTS = {
    "/v1/chat/completions": _Dialect(
        read_messages, openai_chat.answer_object, _chat_stream, "x-request-id", _openai_error
    ),
    "/v1/responses": _Dialect(
        read_responses,
        openai_responses.answer_object,
        lambda answer, _: _named(openai_responses.stream_events(answer)),
        "x-request-id",
        _openai_error,
    ),
    "/v1/messages": _Dialect(
        read_messages,
        anthropic_messages.answer_object,
        lambda answer, _: _named(anthropic_messages.stream_events(answer)),
        "request-id",
        faults.anthropic_body,
    ),
}


class ModelServer:
    """Scripts on a loopback port, for as long as the ``with`` block lasts.

    ``openai_base_url`` and ``anthropic_base_url`` are what the real clients take as base URL.
    ``requests`` lists the decoded bodies received, in order of arrival.
    """

    def __init__(self, scripts: Sequence[Script]) -> None:
        self._scripts = tuple(scripts)
        self._models = {script.model for script in scripts}
        self._lock = threading.Lock()
        self._faults_served: Counter[tuple[str, str, int]] = Counter()
        self.requests: list[dict[str, Any]] = []
        self._http = _Listener(("127.0.0.1", 0), _Handler)
        self._http.model = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def anthropic_base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def openai_base_url(self) -> str:
        return f"{self.anthropic_base_url}/v1"

    def answer(self, conversation: Conversation) -> Answer | Fault:
        """The scripted answer, or the fault that comes first."""
        if conversation.model not in self._models:
            return Fault(status=404, message=f"The model `{conversation.model}` does not exist.")
        for script in self._scripts:
            if script.model == conversation.model and script.about in conversation.first_user_text:
                return self._turn(script, conversation.answers_so_far)
        start = conversation.first_user_text[:80]
        return Fault(status=400, message=f"No script for {conversation.model} answers {start!r}.")

    def _turn(self, script: Script, index: int) -> Answer | Fault:
        if index >= len(script.turns):
            return Fault(status=400, message=f"The script about {script.about!r} has no turn {index + 1}.")
        turn = script.turns[index]
        return self._pending_fault(script, turn, index) or Answer(script, turn, index)

    def _pending_fault(self, script: Script, turn: Turn, index: int) -> Fault | None:
        if turn.fault is None:
            return None
        key = (script.model, script.about, index)
        with self._lock:
            self._faults_served[key] += 1
            served = self._faults_served[key]
        return turn.fault if turn.fault.times is None or served <= turn.fault.times else None


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    model: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves in the middle of a stream is no news; anything else is."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def do_POST(self) -> None:
        raw = self.rfile.read(min(int(self.headers.get("content-length") or 0), MAX_BODY_BYTES))
        dialect = _DIALECTS.get(self.path)
        if dialect is None:
            self._send_json(404, {"error": {"message": f"Unknown path {self.path}"}}, {})
            return
        request_id = "req_" + hashlib.sha256(self.path.encode() + raw).hexdigest()[:24]
        identity = {dialect.request_id_header: request_id}
        answer = self._answer(dialect, raw)
        if isinstance(answer, Fault):
            body = dialect.error(answer, request_id)
            self._send_json(answer.status, body, {**identity, **faults.headers(answer)})
        elif isinstance(answer, dict):
            self._send_json(200, answer, identity)
        else:
            self._send_stream(answer, identity)

    def _answer(self, dialect: _Dialect, raw: bytes) -> dict[str, Any] | Fault | Iterable[str]:
        if not any(self.headers.get(name) for name in _KEY_HEADERS):
            return Fault(status=401, message="You didn't provide an API key.")
        try:
            body = json.loads(raw)
            conversation = dialect.read(body)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return Fault(status=400, message=f"The request cannot be read: {error!r}")
        self.server.model.requests.append(body)
        answer = self.server.model.answer(conversation)
        if isinstance(answer, Fault):
            return answer
        return dialect.stream(answer, conversation) if conversation.stream else dialect.whole(answer)

    def _send_json(self, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _send_stream(self, events: Iterable[str], headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in {"content-type": "text/event-stream; charset=utf-8", **headers}.items():
            self.send_header(name, value)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in events:
            data = event.encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the server is a test double."""
