"""Agents whose numbers are hard to show: very small and very large sums, calls without usage, calls that failed."""

from __future__ import annotations

from .story import Story, utc_now

#: Reported costs in US dollars, each of one run named after it.
COSTS = (0.000000012, 0.00000942, 0.0000317, 0.000836, 0.134, 1.24, 120_000.0, 199_980.0)
#: A run's calls and the tokens of each: 120,000 in and 200,000 out per run.
CALLS, TOKENS = 20, (6_000, 10_000)


def accountant() -> Story:
    """Runs whose reported cost is known to the cent and below."""
    story = Story("accountant", utc_now(), 31, framework="custom")
    story.register(-900)
    for number, cost in enumerate(COSTS):
        story.start(f"sum-{number}", -800 + number * 20, "books", "sum")
        # The smallest stands on its own: a part of it would be less than a billionth of a dollar.
        calls = CALLS if cost > 1 else 1
        for _ in range(calls):
            story.llm("add", "ledger-model", TOKENS, 0.5, cost=cost / calls)
        story.complete()
    story.heartbeat(-1)
    return story


def unlucky() -> Story:
    """One call that was estimated, one that failed, one that told no usage, one of a model nobody has a price for."""
    story = Story("unlucky", utc_now(), 32, framework="custom")
    story.register(-600)
    story.start("bad-day", -500, "books", "sum")
    story.llm("fine", "gpt-4o-mini", (1000, 100), 1.0)
    refused = {"error": {"type": "RateLimitError", "message": "429"}}
    silent = {"tokens_in": None, "tokens_out": None}
    story.llm("refused", "gpt-4.1", (0, 0), 1.0, metadata=refused, **silent)
    story.llm("silent", "gpt-4.1-mini", (0, 0), 1.0, **silent)
    story.llm("unheard-of", "acme-private-model-7b", (10, 10), 1.0)
    story.complete()
    story.heartbeat(-1)
    return story
