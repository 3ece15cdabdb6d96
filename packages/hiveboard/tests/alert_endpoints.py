"""Real endpoints on this machine that take alerts: an HTTP server that answers as told, and an SMTP server."""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


class Received(NamedTuple):
    """One POST."""

    path: str
    headers: dict[str, str]
    body: bytes


class HttpEndpoint:
    """Answers each POST with the next of ``answers`` (status, headers), the last one for ever; None never answers.

    With a certificate it speaks HTTPS.
    """

    def __init__(self, certificate: Path | None = None) -> None:
        self.received: queue.Queue[Received] = queue.Queue()
        self.answers: list[tuple[int, dict[str, str]] | None] = [(200, {})]
        self.released = threading.Event()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = endpoint.answers.pop(0) if len(endpoint.answers) > 1 else endpoint.answers[0]
                endpoint.received.put(Received(self.path, headers, body))
                if answer is None:
                    endpoint.released.wait(20)
                    return
                self.send_response(answer[0])
                for name, value in answer[1].items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *values: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def next(self) -> Received:
        """The next POST."""
        return self.received.get(timeout=15)

    def __enter__(self) -> HttpEndpoint:
        self._thread.start()
        return self

    def __exit__(self, *values: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Mailbox:
    """What an SMTP server took; ``refusals`` are answered to the next messages instead."""

    def __init__(self) -> None:
        self.received: queue.Queue[Envelope] = queue.Queue()
        self.refusals: list[str] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.port = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        self.received.put(envelope)
        return "250 taken"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"pass word", handled=False)


@contextlib.contextmanager
def smtp_server(certificate: Path | None = None) -> Iterator[Mailbox]:
    """An SMTP server; with a certificate it offers STARTTLS and insists on it and on a login."""
    box = Mailbox()
    more: dict[str, Any] = {}
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        more = {
            "tls_context": context,
            "require_starttls": True,
            "auth_required": True,
            "authenticator": box.authenticate,
        }
    box.port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=box.port, **more)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@contextlib.contextmanager
def dripping(greeting: bytes) -> Iterator[int]:
    """The port of a server that says one letter at a time and never comes to an end."""
    stopped = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while not stopped.wait(0.05):
                connection.sendall(greeting)

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                talks.append(threading.Thread(target=drip, args=(listener.accept()[0],)))
                talks[-1].start()

    talks: list[threading.Thread] = []
    listener = socket.create_server(("127.0.0.1", 0))
    serving = threading.Thread(target=serve, args=(listener,))
    serving.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (serving, *talks):
            thread.join(10)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_certificate(folder: Path) -> Path:
    """A certificate and key for localhost in one file, signed by itself."""
    file = folder / "localhost.pem"
    key = folder / "key.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout {key} -out {file}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    file.write_text(file.read_text() + key.read_text())
    return file
