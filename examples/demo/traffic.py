"""The providers' side of the demo: recorded HTTP, played back by vcrpy to the real clients.

One cassette for the whole process, not one per agent. vcrpy patches the transport of the HTTP library, which every
thread shares, so two cassettes open at the same time would steal each other's requests; and a transport per client
is no way around it, because ChatAnthropic takes no client of its own. So all recordings are loaded into one cassette,
requests are told apart by what they say (:func:`same_conversation`), and an answer may be played any number of times.

For your own tests the plain recipe is enough::

    with vcr.VCR(record_mode="none", match_on=["method", "path"]).use_cassette("my-agent.yaml"):
        agent.invoke(...)
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vcr.cassette import Cassette
from vcr.matchers import method, path
from vcr.patch import PATCHER_NAMES
from vcr.persisters.filesystem import FilesystemPersister
from vcr.request import Request

from .recorded_usage import RecordedUsage, read_usage

__all__ = ["CASSETTES", "Served", "count_served", "recorded_traffic"]

CASSETTES = Path(__file__).resolve().parents[2] / "tests" / "cassettes"

#: What a message means; ids, cache marks and other dressing may change with the client's version.
_MEANING = {"role", "content", "text", "output", "tool_calls", "function", "name", "arguments", "input"}


@dataclass
class Served:
    """What the providers answered within one :func:`count_served`."""

    answers: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def add(self, usage: RecordedUsage | None) -> None:
        if usage is not None:
            self.answers += 1
            self.tokens_in += usage.tokens_in
            self.tokens_out += usage.tokens_out


_counting: ContextVar[Served | None] = ContextVar("counting", default=None)


@contextmanager
def count_served() -> Iterator[Served]:
    """Count the answers played inside the block, in threads that copied its context too."""
    served = Served()
    token = _counting.set(served)
    try:
        yield served
    finally:
        _counting.reset(token)


def _meaning(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _meaning(part) for key, part in sorted(value.items()) if key in _MEANING and part}
    if isinstance(value, list):
        return [_meaning(part) for part in value]
    return value


@functools.lru_cache(maxsize=1024)
def _conversation(body: bytes) -> str:
    request = json.loads(body)
    said = request.get("messages") or request.get("input")
    return json.dumps([request.get("model"), bool(request.get("stream")), _meaning(said)])


def same_conversation(one: Request, other: Request) -> None:
    """A vcrpy matcher: the same model is told the same messages."""
    if _conversation(one.body) != _conversation(other.body):
        raise AssertionError("another conversation")


class _AllRecordings(FilesystemPersister):  # type: ignore[misc]  # vcrpy carries no types
    """Reads every cassette of a folder as one."""

    @classmethod
    def load_cassette(cls, cassette_path: str, serializer: Any) -> tuple[list[Any], list[Any]]:
        requests: list[Any] = []
        responses: list[Any] = []
        for file in sorted(Path(cassette_path).glob("demo_*.yaml")):
            some_requests, some_responses, *_ = super().load_cassette(file, serializer)
            requests += some_requests
            responses += some_responses
        if not requests:
            raise FileNotFoundError(f"No recordings in {cassette_path}; `make cassettes` makes them.")
        return requests, responses


class _Playback(Cassette):  # type: ignore[misc]
    """A cassette that takes its time and counts what it serves."""

    latency: Callable[[RecordedUsage | None], None]

    def play_response(self, request: Request) -> Any:
        response = super().play_response(request)
        usage = read_usage(response["body"]["string"])
        self.latency(usage)
        served = _counting.get()
        if served is not None:
            served.add(usage)
        return response


@contextmanager
def recorded_traffic(
    latency: Callable[[RecordedUsage | None], None] = lambda usage: None, *, cassettes: Path = CASSETTES
) -> Iterator[None]:
    """Answer the model clients of this process from the recordings; a request nobody recorded fails.

    ``latency`` is called before each answer and may sleep. Only the clients' HTTP library is touched:
    what HiveLoop sends to the collector goes out as always.
    """
    playback = _Playback.use(
        path=str(cassettes),
        persister=_AllRecordings,
        record_mode="none",
        match_on=(method, path, same_conversation),
        allow_playback_repeats=True,
        skip_patchers=tuple(name for name in PATCHER_NAMES if name not in {"httpx", "httpx2"}),
    )
    with playback as cassette:
        cassette.latency = latency
        yield
