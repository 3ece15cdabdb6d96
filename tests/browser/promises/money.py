"""What a reader sees of money and in the insights."""

from __future__ import annotations

from .row import Promise

__all__ = ["PROMISES"]

_AT, _ALL = "#/costs", "#/insights"


def _answer(question: str) -> str:
    return f"[data-question={question}] .q-value"


PROMISES = (
    Promise(
        "004 §11.1",
        "costs stand by model",
        _AT,
        ".panel:has(h2:text-is('By model'))",
        "claude-sonnet-4-5-20250929",
    ),
    Promise("004 §11.1", "costs stand by agent", _AT, ".panel:has(h2:text-is('By agent'))", "lead-qualifier"),
    Promise("004 §11.1", "totals stand on top", _AT, ".ribbon-cell:has-text('Total') .ribbon-value", "$"),
    Promise(
        "004 §2.7",
        "calls outside of tasks count for their agent",
        _AT,
        ".panel:has(h2:text-is('By agent'))",
        "opaque",
    ),
    Promise(
        "004 §2.4",
        "what has no cost is left out, and said",
        _AT,
        ".note",
        "one call that did not report its usage",
    ),
    Promise(
        "004 §13.2",
        "tokens stand beside the cost",
        _AT,
        "tr:has-text('claude-sonnet-4-5-20250929')",
        "3.6k → 280",
    ),
    Promise("002 2a", "costs over time are drawn", by="test_views.py::test_costs_add_up"),
    Promise("002 2a", "a call of the list shows its texts", by="test_views.py::test_a_call_shows_its_texts"),
    Promise("002 2a", "cache hits are answered (Q12)", _ALL, _answer("cache-hits"), "%"),
    Promise("002 2a", "cost and tokens by turn are answered (Q14)", _ALL, _answer("turn-costs")),
    Promise("002 2a", "context pressure is answered (Q16)", _ALL, _answer("context-pressure"), "%"),
    Promise("002 2a", "prompt composition is answered (Q19)", _ALL, _answer("prompt-parts"), "%"),
    Promise("002 2a", "cut-off answers are counted (Q20)", _ALL, _answer("cut-off")),
    Promise("002 2c", "retry rates are answered", _ALL, _answer("retry-rate")),
    Promise("002 3", "the self-correction rate is answered", _ALL, _answer("self-correction")),
    Promise(
        "001 §7.6",
        "retries stand by agent and failure",
        "#/insights?question=retry-rate",
        ".breakdown",
        "router",
    ),
    Promise("002 2c", "open approvals are answered", _ALL, _answer("approvals-waiting"), "1"),
    Promise("002 2c", "issues are answered", _ALL, _answer("reported-problems")),
    Promise("002 tier 1", "are my agents running is answered", _ALL, _answer("agents-running")),
    Promise("002 tier 3", "is work piling up is answered", _ALL, _answer("pending-work"), "13"),
    Promise(
        "002 3",
        "every question has its group, number and reason",
        by="test_insights.py::test_every_question_stands_in_its_group",
    ),
    Promise(
        "002 4",
        "findings of detectors stand on top",
        by="test_insights.py::test_what_the_collector_noticed_stands_on_top",
    ),
    Promise(
        "002 3",
        "configurations of an agent can be compared",
        "#/agent/thinker",
        "section[aria-label=Versions]",
        "2.0.0",
    ),
)
