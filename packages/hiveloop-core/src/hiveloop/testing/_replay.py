"""Recorded model traffic, played back to the real clients by vcrpy, which is only needed by those who use it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hiveloop.errors import HiveLoopError

__all__ = ["replay"]

#: What must not get into a file that is kept in git.
_SECRET_HEADERS = (
    "authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "cookie",
    "openai-organization",
    "openai-project",
)


@contextmanager
def replay(
    cassette: str | Path, *, record: bool = False, match_on: Sequence[str] = ("method", "path")
) -> Iterator[None]:
    """Answer the model clients inside the block from a cassette; each answer once, in the recorded order.

    A request nobody recorded fails in the client. When the block ends well, an answer nobody asked for raises
    ``AssertionError``: the agent made fewer calls than were recorded. With ``record``, what is missing is asked of the
    real provider and kept, without keys. Answers every HTTP client of the process, so use it where events are captured
    and not sent. Needs ``pip install vcrpy``.
    """
    try:
        from vcr import VCR
    except ImportError:
        raise HiveLoopError("replaying a cassette needs vcrpy: pip install vcrpy") from None
    path = Path(cassette)
    if not record and not path.is_file():
        raise FileNotFoundError(f"There is no cassette {path}. To record it: pytest --hiveloop-record")
    player = VCR(
        record_mode="new_episodes" if record else "none",
        match_on=list(match_on),
        filter_headers=[*_SECRET_HEADERS],
        before_record_response=_without_cookies,
        decode_compressed_response=True,
    )
    with player.use_cassette(str(path)) as played:
        yield
    left = len(played) - played.play_count
    if left > 0 and not record:
        raise AssertionError(
            f"{left} of {len(played)} answers in {path.name} were not asked for: the agent made fewer calls."
        )


def _without_cookies(response: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    kept = {name: value for name, value in response["headers"].items() if name.lower() != "set-cookie"}
    return {**response, "headers": kept}
