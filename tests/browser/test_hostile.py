"""Whatever agents send is text: it never becomes markup, never runs, never breaks the page."""

from __future__ import annotations

import json

import pytest

from .collector import Collector
from .conftest import OpenTab
from .story import Story, utc_now
from .tab import Tab

pytestmark = pytest.mark.browser

STRINGS = {
    "tag": '"\'><img src=x onerror="window.owned=1"><script>window.owned=1</script>',
    "link": "javascript:window.owned=1//",
    "template": "{{constructor.constructor('window.owned=1')()}}${window.owned=1}",
    "rtl": "\u202eevil\u202c \u05d0\u05d1\u05d2 \u0627\u0644\u0639",
    "controls": "a\u0000b\u0007c\r\nd\te\u2028f",
    "emoji": "🐝👩‍👩‍👧‍👦 z̷̧͎a̸l̷g̶o",
    "proto": "__proto__",
    "dots": "..",
    "path": "a/../../b?c=d#e%2F%00",
    "long": "W" * 240,
}


#: Questions whose rows hold what agents named.
QUESTIONS_OF_TEXTS = ("needs-attention", "reported-problems", "failed-tools", "cost", "fails-most", "deploys")


def hostile(name: str, text: str, seed: int) -> Story:
    """Every stored field of an agent, a task, an action, a call, an issue and so on holds the text."""
    story = Story(
        text[:250],
        utc_now(),
        seed,
        agent_type=text[:60],
        agent_version=text[:60],
        framework=text[:60],
        environment=text[:60],
        group=text[:60],
    )
    story.register(-100)
    story.start(text[:230], -90, text[:60], text[:60])
    story.events[-1]["payload"] |= {"session_id": text[:200], "user_id": text[:200], "metadata": {text: text}}
    huge = text * (9_000 // len(json.dumps(text, ensure_ascii=False).encode()))
    steps = [{"index": 0, "description": text}, {"index": 1, "description": huge[:4000]}]
    story.custom("plan_created", text, {"goal": text, "steps": steps, "revision": 0})
    story.custom(
        "plan_step", text, {"step_index": 0, "total_steps": 2, "action": "completed", "plan_revision": 0}
    )
    story.llm(
        text,
        text,
        (5, 5),
        1.0,
        prompt_preview=huge,
        response_preview=text,
        metadata={text: text, "error": {"type": text, "message": huge}},
    )
    try:
        with story.action(text, 1.0, raises=text):
            story.emit("retry_started", {"summary": text, "data": {"attempt": 2, "reason": text}})
            raise RuntimeError(huge)
    except RuntimeError:
        story.custom(
            "issue",
            text,
            {
                "severity": text,
                "action": "reported",
                "category": text,
                "issue_id": text,
                "context": {text: text},
            },
        )
    story.emit("escalated", {"summary": text, "data": {"assigned_to": text, "reason": text}})
    story.emit("approval_requested", {"summary": text, "data": {"approver": text, "approval_id": text}})
    story.custom(
        "queue_snapshot",
        text,
        {
            "depth": 1,
            "items": [{"id": text, "summary": huge, "priority": text}],
            "processing": {"summary": text},
        },
    )
    story.custom(
        "todo", text, {"todo_id": text, "action": text, "priority": text, "source": text, "due_by": text}
    )
    story.custom(
        "scheduled",
        text,
        {"items": [{"name": text, "interval": text, "next_run": text, "last_status": text}, text, None, 7]},
    )
    story.custom(text[:60] or name, text, {text: text})
    story.emit(
        "task_failed", {"exception_type": text, "exception_message": huge}, status="failure", duration_ms=1
    )
    story.heartbeat(-1)
    story.events[-1]["payload"] |= {
        text[:60]: 7,
        f"{text[:60]}2": text,
        "huge": huge,
        "deep": {text[:60]: {text[:60]: 1}},
    }
    return story


def innocent(tab: Tab, where: str) -> None:
    """Nothing ran, nothing foreign is in the document, nothing pushes the page apart."""
    assert tab.page.evaluate("() => window.owned === undefined"), where
    foreign = tab.page.evaluate(
        "() => [...document.querySelectorAll('script:not([src*=\"/assets/\"]), img, iframe, object, embed, [onerror], [onclick]')].length"
        " + [...document.querySelectorAll('a')].filter((a) => a.href && !a.href.startsWith(location.origin)).length"
    )
    assert foreign == 0, where
    assert tab.overflow == 0, where


def walk_the_new_pages(tab: Tab) -> None:
    """A session, an agent, two compared runs and every breakdown, each reached by its links."""
    tab.go("#/sessions")
    tab.wait(".sessions tbody a").click()
    tab.wait(".session-run")
    innocent(tab, "session")
    tab.find(".session-agent").first.click()
    tab.wait(".page-agent .beats")
    tab.wait(".agent-tasks .tt-row")
    innocent(tab, "agent")
    tab.go("#/tasks")
    tab.find(".tt-mark input").first.check()
    tab.wait(".compare-bar")
    innocent(tab, "marked")
    tab.page.evaluate(
        "() => { const [path, query] = location.hash.split('?'); const q = new URLSearchParams(query);"
        " q.set('b', q.get('a')); if (q.get('a_run')) q.set('b_run', q.get('a_run'));"
        " location.hash = '#/compare?' + q; }"
    )
    tab.wait(".diff .fold button").click()
    tab.wait(".diff-row.op-same")
    innocent(tab, "compare")
    tab.go("#/insights")
    tab.wait(".question")
    for one in QUESTIONS_OF_TEXTS:
        tab.go(f"#/insights?question={one}")
        tab.wait(".answer")
        innocent(tab, one)


#: One text in every field at once. All texts, mixed, are in every view of `test_hostile_everywhere`.
@pytest.mark.parametrize("name", ["tag", "controls", "dots", "path", "long"])
def test_hostile_strings_stay_text(own_hive: Collector, open_tab: OpenTab, name: str) -> None:
    own_hive.tell(hostile(name, STRINGS[name], 77))
    tab = open_tab(own_hive.url)
    tab.wait(".card")
    innocent(tab, "fleet")
    for address, sign in (
        ("#/tasks", ".tt-rows .tt-row"),
        ("#/activity", ".feed-line"),
        ("#/costs", ".calls tbody tr"),
        ("#/pipeline", ".panel"),
        ("#/insights", ".question"),
        ("#/sessions", ".sessions tbody tr"),
        ("#/compare", ".side-empty"),
    ):
        tab.go(address)
        tab.wait(sign)
        innocent(tab, address)
    walk_the_new_pages(tab)
    tab.go("#/tasks")
    tab.wait(".row-link").click()
    tab.wait(".run-title")
    for row in tab.find(".wf-row").all():
        row.locator(".wf-name").click()
        tab.wait(".detail")
        innocent(tab, "run")


def test_a_flood_in_one_field_stays_in_its_place(own_hive: Collector, open_tab: OpenTab) -> None:
    story = Story("flood", utc_now(), 5)
    story.start("t", -9, "p", "job")
    story.llm("n" * 10_000, "m" * 10_000, (1, 1), 1.0)
    with story.action("a" * 10_000):
        pass
    own_hive.tell(story)
    tab = open_tab(own_hive.url, "#/run/t", width=390, height=844)
    tab.wait(".wf-row.kind-llm .wf-name").click()
    tab.wait(".detail")
    innocent(tab, "run")
