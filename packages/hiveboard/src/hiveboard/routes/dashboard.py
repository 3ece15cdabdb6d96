"""The dashboard's files at ``/`` and on its own routes, under a strict content security policy."""

from __future__ import annotations

import functools
import gzip
import mimetypes
import re
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from hiveboard.errors import ApiError, NotFoundError

from .dispatch import error_response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

__all__ = ["PAGE_POLICY", "Dashboard"]

#: Everything from this origin, nothing inline, nothing framed.
PAGE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HASHED = re.compile(r"[.-][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
_WORTH_PACKING = 1_024
_MISSING = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>HiveBoard</title></head>
<body><h1>HiveBoard is running</h1>
<p>The collector answers, but its dashboard was not built into this installation.</p>
<p>In a checkout of the project, <code>make web</code> builds it. The data is at
<a href="/v1/agents">/v1/agents</a>, <a href="/v1/tasks">/v1/tasks</a> and the other addresses of
<a href="/openapi.json">/openapi.json</a>.</p></body></html>
"""


class Dashboard:
    """Serves the files that existed when the process started; a name that is not among them cannot be reached."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            "/" + path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
        }
        self._index = self._files.get("/index.html")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a GET for a file or a page."""
        request = Request(scope, receive)
        try:
            response = self._answer(request)
        except ApiError as error:
            response = error_response(error)
        await response(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        path = request.url.path
        file = self._files.get(path)
        is_page = file is None and _looks_like_page(path)
        if file is None and not is_page:
            raise NotFoundError("there is nothing at this address; GET /openapi.json lists what there is")
        if request.method not in ("GET", "HEAD"):
            raise ApiError(
                "pages can only be read",
                code="method_not_allowed",
                status=405,
                headers={"Allow": "GET, HEAD"},
            )
        if file is None and self._index is None:
            return _page(_MISSING.encode())
        if file is None and self._index is not None:
            return _page(self._index.read_bytes())
        return _file(path, file, "gzip" in request.headers.get("accept-encoding", ""))


def _looks_like_page(path: str) -> bool:
    """A client-side route: no API address, and no file extension in its last part."""
    if path.startswith("/v1/") or path == "/v1":
        return False
    return path == "/" or "." not in path.rsplit("/", 1)[-1]


def _page(body: bytes) -> Response:
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": PAGE_POLICY}
    return Response(body, headers=headers, media_type="text/html")


def _file(path: str, file: Path | None, takes_gzip: bool) -> Response:
    if file is None:
        raise NotFoundError("there is no such file")
    media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
    if media_type in ("application/javascript", "application/x-javascript"):
        media_type = "text/javascript"
    forever = "public, max-age=31536000, immutable"
    headers = {
        "Cache-Control": forever if _HASHED.search(path) else "no-cache",
        "Content-Security-Policy": PAGE_POLICY,
    }
    body = file.read_bytes()
    if media_type.startswith("text/") and len(body) >= _WORTH_PACKING:
        headers["Vary"] = "Accept-Encoding"
        if takes_gzip:
            headers["Content-Encoding"] = "gzip"
            body = _packed(file, file.stat().st_mtime_ns)
    return Response(body, headers=headers, media_type=media_type)


@functools.lru_cache(maxsize=16)
def _packed(file: Path, changed_ns: int) -> bytes:
    """A file in gzip; packed once, and again when it has changed."""
    return gzip.compress(file.read_bytes(), mtime=0)
