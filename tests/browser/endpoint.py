"""A real HTTP endpoint on loopback that remembers what it was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any


class Endpoint:
    """``url`` takes POSTs; ``answer`` is the status they get."""

    def __init__(self) -> None:
        self.heard: Queue[dict[str, Any]] = Queue()
        self.answer = 200
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.heard.put(json.loads(body))
                self.send_response(endpoint.answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Tests say by themselves what they heard."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/in"

    def hear(self, event: str, within_seconds: float = 20) -> dict[str, Any]:
        """The next alert of this kind; those of other kinds are passed over."""
        while True:
            heard = self.heard.get(timeout=within_seconds)
            if heard["event"] == event:
                return heard

    def serve(self) -> threading.Thread:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        return thread

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def listening() -> Iterator[Endpoint]:
    """An endpoint that listens until the block ends."""
    endpoint = Endpoint()
    thread = endpoint.serve()
    try:
        yield endpoint
    finally:
        endpoint.close()
        thread.join(10)
