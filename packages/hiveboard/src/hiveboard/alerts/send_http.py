"""One POST over a connection of its own, with a deadline for all of it; follows no redirect."""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

from hiveboard import __version__

from .outcome import Outcome

__all__ = ["post"]

_MAX_HEAD = 64 * 1024
_TEMPORARY = (408, 425, 429)


async def post(url: str, body: bytes, headers: dict[str, str], timeout_seconds: float) -> Outcome:
    """POST JSON. Any 2xx is success; timeouts, refused connections, 5xx and 429 may be tried again."""
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _exchange(url, body, headers)
    except TimeoutError:
        return Outcome(error=f"no answer within {timeout_seconds:g} s", may_retry=True)
    except ssl.SSLCertVerificationError as error:
        return Outcome(error=f"the certificate is not accepted: {error.verify_message}", may_retry=True)
    except (OSError, EOFError, asyncio.LimitOverrunError) as error:
        return Outcome(error=_reason(error), may_retry=True)
    except UnicodeError:
        return Outcome(error="the name of the host cannot be used")
    except ValueError:
        return Outcome(error="the answer is not HTTP")


def _reason(error: Exception) -> str:
    if isinstance(error, asyncio.IncompleteReadError):
        return "the connection was closed without an answer"
    if isinstance(error, asyncio.LimitOverrunError):
        return "the answer has no end of its head"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"cannot connect: {text}"[:300]


async def _exchange(url: str, body: bytes, headers: dict[str, str]) -> Outcome:
    parts = urlsplit(url)
    secure, host = parts.scheme == "https", parts.hostname or ""
    port = parts.port or (443 if secure else 80)
    context = await asyncio.to_thread(ssl.create_default_context) if secure else None
    reader, writer = await asyncio.open_connection(host, port, ssl=context, limit=_MAX_HEAD)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = {
            "Host": parts.netloc,
            "User-Agent": f"HiveBoard/{__version__}",
            "Content-Type": "application/json; charset=utf-8",
            "Content-Length": str(len(body)),
            "Connection": "close",
            **headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        writer.write(f"POST {target} HTTP/1.1\r\n{head}\r\n".encode("ascii") + body)
        await writer.drain()
        return _judge(await _head(reader))
    finally:
        writer.transport.abort()


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Status and headers of the final answer; interim answers are passed over."""
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
            raise ValueError("not HTTP")
        status = int(rest[:3])
        if status >= 200:
            pairs = (line.partition(":") for line in lines if ":" in line)
            return status, {name.strip().lower(): value.strip() for name, _, value in pairs}


def _judge(answer: tuple[int, dict[str, str]]) -> Outcome:
    status, headers = answer
    if 200 <= status < 300:
        return Outcome(delivered=True, status_code=status)
    if 300 <= status < 400:
        where = urlsplit(headers.get("location", ""))
        host = f" to {where.scheme}://{where.netloc}" if where.netloc else ""
        return Outcome(
            status_code=status,
            error=f"it redirects{host[:200]}, which is not followed; name the final address",
        )
    wait = headers.get("retry-after", "")
    return Outcome(
        status_code=status,
        error=f"it answered with status {status}",
        may_retry=status >= 500 or status in _TEMPORARY,
        wait_seconds=float(wait) if wait.isascii() and wait.isdigit() and len(wait) < 7 else None,
    )
