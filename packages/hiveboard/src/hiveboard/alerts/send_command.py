"""Starting a program for an alert: no shell, JSON on its standard input, killed when it takes too long."""

from __future__ import annotations

import asyncio
import os
import signal

from .channel import Command
from .outcome import Outcome

__all__ = ["run_command"]

_MAX_ERROR = 300


async def run_command(channel: Command, body: bytes) -> Outcome:
    """Run it to its end. Exit code 0 is success; anything else may be tried again, a program that is missing not."""
    try:
        process = await asyncio.create_subprocess_exec(
            *channel.argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(),
            # A group of its own, so that what the program starts ends with it.
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return Outcome(
            error=f"cannot start {channel.argv[0][:100]}: {getattr(error, 'strerror', None) or error}"
        )
    said: bytes | None = None
    try:
        async with asyncio.timeout(channel.timeout_seconds):
            said = await _talk(process, body)
    except TimeoutError:
        return Outcome(
            error=f"it took longer than {channel.timeout_seconds:g} s and was ended", may_retry=True
        )
    finally:
        if said is None:
            await _end(process)
    if process.returncode == 0:
        return Outcome(delivered=True, status_code=0)
    text = " ".join(said.decode(errors="replace").split())[-_MAX_ERROR:]
    complaint = f"it ended with {process.returncode}" + (f": {text}" if text else "")
    return Outcome(status_code=process.returncode, error=complaint, may_retry=True)


async def _talk(process: asyncio.subprocess.Process, body: bytes) -> bytes:
    """Feed it, and keep the end of what it complains; a program need not read its input."""
    assert process.stdin is not None
    assert process.stderr is not None
    kept = b""
    try:
        process.stdin.write(body)
        await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        kept = b""
    process.stdin.close()
    while chunk := await process.stderr.read(4096):
        kept = (kept + chunk)[-4096:]
    await process.wait()
    return kept


async def _end(process: asyncio.subprocess.Process) -> None:
    """Neither it nor what it started goes on."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
    await process.wait()


def _environment() -> dict[str, str]:
    """Without the collector's own settings, keys among them."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HIVEBOARD_")}
