"""Baselines: what a run needed when it was last looked at, kept in git, and how a later run differs from it."""

from __future__ import annotations

from difflib import ndiff
from typing import NamedTuple

import msgspec

from ._story import Story, dollars

__all__ = ["Baseline", "Tolerance", "compare", "measure"]

_VERSION = 1


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one run. ``None`` is unknown, never 0; ``tools`` are in the order in which they began."""

    version: int = _VERSION
    llm_calls: int
    tokens_in: int | None
    tokens_out: int | None
    cost_usd: float | None
    retries: int
    tools: list[str]

    @property
    def tokens(self) -> int | None:
        """Both directions, when both are known."""
        if self.tokens_in is None or self.tokens_out is None:
            return None
        return self.tokens_in + self.tokens_out

    def to_json(self) -> bytes:
        """The file: one field a line, the same bytes for the same run."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> Baseline | None:
        """What a file holds; ``None`` where it is no baseline of this version."""
        try:
            read = msgspec.json.decode(content, type=cls)
        except msgspec.DecodeError:
            return None
        return read if read.version == _VERSION else None


class Tolerance(NamedTuple):
    """How much worse is still fine: more calls and retries by number, tokens and cost by share (0.1 is 10 %)."""

    calls: int
    tokens: float
    cost: float
    retries: int
    order: bool


def measure(story: Story) -> Baseline:
    """The figures of this run."""
    return Baseline(
        llm_calls=len(story.calls),
        tokens_in=story.tokens_in,
        tokens_out=story.tokens_out,
        cost_usd=story.cost,
        retries=story.retries,
        tools=[tool.name for tool in story.tools],
    )


def compare(before: Baseline, now: Baseline, allowed: Tolerance) -> list[str]:
    """One line for each figure that is worse than allowed, then the tools that differ; empty when all is well."""
    lines = [
        _grown("model calls", before.llm_calls, now.llm_calls, before.llm_calls + allowed.calls),
        _grown("tokens", before.tokens, now.tokens, _share(before.tokens, allowed.tokens)),
        _grown("cost", before.cost_usd, now.cost_usd, _share(before.cost_usd, allowed.cost), in_dollars=True),
        _grown("retries", before.retries, now.retries, before.retries + allowed.retries),
    ]
    return [*(line for line in lines if line is not None), *_tools(before.tools, now.tools, allowed.order)]


def _share(before: float | None, share: float) -> float | None:
    return None if before is None else round(before * (1 + share), 9)


def _grown(
    label: str, before: float | None, now: float | None, most: float | None, *, in_dollars: bool = False
) -> str | None:
    """The line for a figure above what is allowed, or known before and unknown now; ``None`` when it is fine."""
    if before is None or most is None or (now is not None and now <= most):
        return None

    def show(value: float) -> str:
        return dollars(value) if in_dollars else f"{int(value):,}"

    if now is None:
        return f"{label}: {show(before)} → unknown"
    change = f", {(now - before) / before * 100:+.0f} %" if before else ""
    limit = f"at most {show(most)}"
    return f"{label}: {show(before)} → {show(now)}{change} ({limit})"


def _tools(before: list[str], now: list[str], order: bool) -> list[str]:
    if not order:
        before, now = sorted(before), sorted(now)
    if before == now:
        return []
    different = [line for line in ndiff(before, now) if not line.startswith("?")]
    return ["tools (- in the baseline, + in this run):", *(f"  {line.rstrip()}" for line in different)]
