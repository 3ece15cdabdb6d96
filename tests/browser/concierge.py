"""An agent whose runs belong to conversations and whose heartbeats carry numbers."""

from __future__ import annotations

from datetime import datetime

from .story import Story

_TURNS = (
    ("chat-77", "mara", "Where is my order?", 1400),
    ("chat-77", "mara", "Change the address", 2100),
    ("chat-78", "jonas", "Cancel the subscription", 900),
    ("chat-77", "mara", "Thanks, that is all", 600),
)
_BEATS = 12


def _turn(story: Story, number: int, at: float, *, fails: bool) -> None:
    session, user, said, tokens = _TURNS[number]
    story.start(f"turn-{number + 1}", at, "shop", "chat")
    told = {"summary": "Task started", "session_id": session, "user_id": user}
    story.events[-1]["payload"] = told
    with story.action("understand", 0.4):
        story.llm("intent", "gpt-4o-mini", (tokens, 40), 0.8, prompt_preview=said)
    if number == 1:
        with story.action("change_address", 1.2):
            pass
    if fails:
        story.fail("BillingError", "the subscription is not found")
    else:
        story.complete()


def concierge(now: datetime) -> Story:
    """Four turns of two conversations, the third fails; heartbeats every 20 s with two numbers and a word."""
    story = Story("concierge", now, 91, agent_type="chat", agent_version="2.0.1", framework="custom")
    story.register(-400)
    for number in range(len(_TURNS)):
        _turn(story, number, -360 + 60 * number, fails=number == 2)
    for number in range(_BEATS):
        story.heartbeat(-20.0 * (_BEATS - 1 - number) - 2)
        story.events[-1]["payload"] |= {
            "open_chats": 3 + number % 4,
            "memory": {"mb": 210 + 9 * number},
            "mode": "warm",
        }
    return story
