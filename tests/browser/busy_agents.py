"""Agents at work: one with a plan that was revised, one with a long run."""

from __future__ import annotations

from datetime import datetime

from .story import Story, moment_of

PROMPT = "Decide whether this lead fits our ideal customer profile.\n\nCompany: Northwind Traders\nEmployees: 240\nCountry: NL"
ANSWER = '{"fit": "strong", "score": 87, "reason": "Right size, right industry, budget owner identified."}'


def lead_qualifier(now: datetime) -> Story:
    """At work, with a history, a plan that was revised, and a queue."""
    story = Story(
        "lead-qualifier",
        now,
        1,
        agent_type="sales",
        agent_version="1.2.0",
        framework="langgraph",
        runtime="python-3.11.7",
        sdk_version="hiveloop-1.0.0",
    )
    story.register(-3700)
    for number in range(22):
        story.start(f"lead-{4790 + number}", -3500 + number * 155, "leads", "qualify")
        with story.action("enrich_company", 0.4):
            story.llm("summarise", "gpt-4o-mini", (900 + 37 * number, 180), 1.1 + number % 4 * 0.3)
        with story.action("score", 0.2):
            story.llm(
                "score", "claude-sonnet-4-5", (1400 + 51 * number, 90), 2.2, cost=0.0055 + number * 0.0002
            )
        if number == 9:
            story.fail("ValidationError", "score: expected an integer between 0 and 100, got 'high'")
        else:
            story.complete()
    queue = [
        {
            "id": f"lead-{4822 + n}",
            "priority": "high" if n == 0 else "normal",
            "source": "crm",
            "summary": text,
            "queued_at": moment_of(now, -90 - n * 31),
        }
        for n, text in enumerate(
            [
                "Contoso GmbH, inbound demo request",
                "Fabrikam, trial ended",
                "Tailspin Toys",
                "Adatum, referral",
            ]
        )
    ]
    story.at = -40
    story.custom(
        "queue_snapshot",
        "Queue: 4 items, oldest 183s",
        {"depth": 4, "oldest_age_seconds": 183, "items": queue},
    )
    _running_lead(story)
    story.heartbeat(-3)
    return story


def _running_lead(story: Story) -> None:
    story.start("lead-4821", -38, "leads", "qualify")
    story.custom(
        "plan_created",
        "Qualify Northwind Traders",
        {
            "goal": "Qualify Northwind Traders",
            "revision": 0,
            "steps": [
                {"index": i, "description": d}
                for i, d in enumerate(["Look up the company", "Read the website", "Score the lead"])
            ],
        },
    )
    _step(story, 0, 3, "started", 0)
    with story.action("lookup_company", 0.9, result={"employees": 240, "country": "NL"}):
        story.at += 0.6
        story.llm(
            "extract_entities",
            "gpt-4o-mini",
            (1250, 96),
            1.4,
            prompt_preview=PROMPT,
            response_preview='{"company": "Northwind Traders"}',
        )
    _step(story, 0, 3, "completed", 0)
    _step(story, 1, 3, "started", 0)
    try:
        with story.action("read_website", 2.0, raises="HTTPStatusError"):
            raise RuntimeError("403 Forbidden for url 'https://northwind.example/about'")
    except RuntimeError:
        story.emit(
            "retry_started",
            {
                "summary": "read_website again",
                "data": {"attempt": 2, "backoff_seconds": 2, "reason": "403 Forbidden"},
            },
        )
    _step(story, 1, 3, "failed", 0)
    story.custom(
        "plan_created",
        "Qualify without the website",
        {
            "goal": "Qualify Northwind Traders without its website",
            "revision": 1,
            "steps": [
                {"index": i, "description": d}
                for i, d in enumerate(
                    ["Look up the company", "Search the news", "Score the lead", "Write the summary"]
                )
            ],
        },
    )
    _step(story, 0, 4, "completed", 1)
    _step(story, 1, 4, "started", 1)
    with story.action("search_news", 1.2):
        with story.action("news_api", 1.8, http_status=200):
            story.at += 0.2
        story.llm(
            "condense",
            "claude-sonnet-4-5",
            (5210, 412),
            4.7,
            cost=0.0218,
            prompt_preview=PROMPT,
            response_preview=ANSWER,
            metadata={"stop_reason": "end_turn", "cache_read_tokens": 3900, "temperature": 0.2},
        )
    _step(story, 1, 4, "completed", 1)
    _step(story, 2, 4, "started", 1)
    story.begin("score")
    story.llm(
        "score",
        "claude-sonnet-4-5",
        (6100, 87),
        3.1,
        cost=0.0196,
        prompt_preview=PROMPT,
        response_preview=ANSWER,
    )
    story.open_actions.clear()


def _step(story: Story, index: int, total: int, action: str, revision: int) -> None:
    data = {"step_index": index, "total_steps": total, "action": action, "plan_revision": revision}
    story.custom("plan_step", f"Step {index} {action}: step {index + 1}", data)


def research_writer(now: datetime) -> Story:
    """A long run with many steps, under way."""
    story = Story(
        "research-writer",
        now,
        4,
        agent_type="research",
        agent_version="3.1.0-rc.2",
        framework="langgraph",
        runtime="python-3.11.7",
        sdk_version="hiveloop-1.0.0",
    )
    story.register(-2000)
    story.start("report-q3-market-outlook", -640, "research", "report")
    for section in range(12):
        with story.action(f"section_{section + 1}", 0.4):
            story.llm(
                "outline",
                "claude-opus-4-1",
                (8200 + section * 900, 640),
                6.2,
                cost=0.17 + section * 0.01,
                prompt_preview="Outline the next section.",
                response_preview="1. Demand\n2. Supply\n3. Outlook",
                metadata={"stop_reason": "end_turn"},
            )
            with story.action("gather_sources", 0.6):
                for source in range(3):
                    with story.action(f"fetch_source_{source + 1}", 1.1 + source * 0.4, http_status=200):
                        story.at += 0.2
                story.custom(
                    "retrieval",
                    "12 documents for the section",
                    {"query": "market outlook", "documents": 12, "source": "vector-db"},
                )
            story.llm(
                "write",
                "claude-opus-4-1",
                (12400 + section * 1100, 1900),
                21.5,
                cost=0.31 + section * 0.02,
                metadata={"stop_reason": "max_tokens" if section == 7 else "end_turn"},
            )
            if section == 7:
                story.custom(
                    "anomaly",
                    "Answer was cut at the token limit",
                    {"detector": "max_tokens", "message": "stop_reason max_tokens"},
                    severity="warn",
                )
    story.begin("section_13")
    story.llm("outline", "claude-opus-4-1", (19800, 610), 5.0, cost=0.29)
    story.open_actions.clear()
    story.heartbeat(-6)
    return story
