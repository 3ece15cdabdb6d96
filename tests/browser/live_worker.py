"""A small agent with one task under way, for tests that go on telling its story."""

from __future__ import annotations

from .story import Story, utc_now


def worker(name: str = "worker", seed: int = 21) -> Story:
    story = Story(name, utc_now(), seed, framework="langchain")
    story.register(-60)
    story.start("job-1", -50, "p", "job")
    story.heartbeat(-1)
    return story
