"""Any text that an agent may have sent becomes a message that can be sent."""

from __future__ import annotations

import json
from email import message_from_bytes, policy

import pytest
from hiveboard.alerts.alert import Alert, new_id
from hiveboard.alerts.channel import Email, Smtp
from hiveboard.alerts.courier import retry_delay_seconds
from hiveboard.alerts.message import email_message, message_json, slack_json
from hiveboard.alerts.wording import duration_words, money_words, name_words, run_link
from hypothesis import given
from hypothesis import strategies as st

#: Texts as the store gives them: anything but lone surrogates, which cannot be stored.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
CHANNEL = Email(to=["o'ps+x@example.com"], sender="hive@example.com", smtp=Smtp(host="x"))


def alert(title: str, text: str, name: str) -> Alert:
    return Alert(
        id="1", rule_id="r", rule_name=name, condition_type="task_failed", severity="warning", state="firing",
        fired_at=0, since=0, title=title, text=text, url="http://b/#/x", value=None, threshold=None, unit=None,
        agent_id=name, task_id=name, task_run_id=name, project_id=name, more=0, deliveries=[],
    )  # fmt: skip


@given(TEXT, TEXT, TEXT)
def test_every_text_can_be_told(title: str, text: str, name: str) -> None:
    told = alert(title, text, name)
    assert json.loads(message_json(told))["title"] == title
    slack = json.loads(slack_json(told))
    assert all(block["text"]["text"] for block in slack["blocks"][:2])
    assert max(len(block["text"]["text"]) for block in slack["blocks"][:2]) <= 3_000
    read = message_from_bytes(email_message(told, CHANNEL).as_bytes(), policy=policy.default)
    assert read["To"] == "o'ps+x@example.com"
    assert set(read.keys()) == {
        "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    }  # fmt: skip


@given(st.text(max_size=300))
def test_a_name_is_one_short_line(name: str) -> None:
    words = name_words(name)
    assert len(words) <= 120
    assert len(words.splitlines()) <= 1
    words.encode()
    run_link(name, name).encode("ascii")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.25, "0.2 s"), (9.5, "9.5 s"), (59.4, "59 s"), (60, "1 min"), (61, "1 min 1 s"),
     (3_600, "1 h"), (3_661, "1 h 1 min"), (86_400, "1 d"), (90_061, "1 d 1 h"), (86_405, "1 d"), (-5, "0 s")],
)  # fmt: skip
def test_durations(seconds: float, words: str) -> None:
    assert duration_words(seconds * 1_000_000) == words


@pytest.mark.parametrize(
    ("usd", "words"),
    [(0, "$0.00"), (0.000123, "$0.000123"), (0.01, "$0.01"), (1_234.5, "$1,234.50")],
)
def test_money(usd: float, words: str) -> None:
    assert money_words(usd) == words


def test_ids_sort_as_they_were_made() -> None:
    ids = [new_id(1_000_000 + number // 3) for number in range(2_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("failures", "asked", "delay"),
    [
        (1, None, 5),
        (2, None, 60),
        (3, None, None),
        (1, 30.0, 30),
        (2, 30.0, 60),
        (1, 1e9, 3_600),
        (3, 30.0, None),
    ],
)
def test_delays(failures: int, asked: float | None, delay: float | None) -> None:
    assert retry_delay_seconds((5, 60), failures, asked) == delay
