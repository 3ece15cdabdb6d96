"""Contract: approval requests with their answers, and issues."""

from __future__ import annotations

from typing import Any

from hiveboard.store import Store
from hiveboard.store.rows import ApprovalRow, Silence
from hiveboard.store.waiting import ApprovalFilter, IssueFilter

from .conftest import event, kind
from .contract_opened import NOBODY, NOW, OpenedStore, batch, put, store_all

RUN = {"task_id": "t", "task_run_id": "r"}


def asked(at: int, name: str | None = None, **fields: Any) -> dict[str, Any]:
    data = {} if name is None else {"approval_id": name}
    return event("approval_requested", at, payload={"summary": f"ask {at}", "data": data}, **(RUN | fields))


def answered(at: int, decision: str = "approved", name: str | None = None, **fields: Any) -> dict[str, Any]:
    data = {"decision": decision, "approved_by": "eve", "reason": "fine"} | (
        {} if name is None else {"approval_id": name}
    )
    return event("approval_received", at, payload={"summary": "answer", "data": data}, **(RUN | fields))


def at_of(rows: list[ApprovalRow]) -> list[int]:
    return [(row.ts - NOW) // 1_000 for row in rows]


class WaitingContract(OpenedStore):
    """What waits for people."""

    async def test_an_answer_goes_to_the_request_it_names(self, store: Store) -> None:
        await store_all(store, asked(1, "x"), asked(2, "y"), answered(9, name="y", agent_id="b"))
        assert at_of(await store.open_approvals("live", None, 9, NOBODY)) == [1]
        row = await store.approval("live", "y", NOBODY)
        assert row is not None
        assert (row.decision, row.approved_by, row.answer_reason, row.answered_ts) == (
            "approved",
            "eve",
            "fine",
            NOW + 9_000,
        )
        assert (row.environment, row.group, row.run_ended_ts, row.lost_ts) == (
            "production",
            "default",
            None,
            None,
        )

    async def test_an_answer_without_a_name_goes_to_the_oldest_open_request(self, store: Store) -> None:
        await store_all(store, answered(9), asked(3), asked(1), asked(2, task_id="u"))
        assert at_of(await store.open_approvals("live", "a", 9, NOBODY)) == [2, 3]
        await store_all(store, answered(9, task_id=None, task_run_id=None))
        assert at_of(await store.open_approvals("live", "a", 9, NOBODY)) == [3]
        assert await store.open_approvals("live", "b", 9, NOBODY) == []

    async def test_a_request_expires_with_its_run(self, store: Store) -> None:
        await store_all(
            store, event("task_completed", 5, **RUN), asked(1), asked(5), asked(7), asked(8, task_id=None)
        )
        assert at_of(await store.open_approvals("live", None, 9, NOBODY)) == [7, 8]
        expired = await store.expired_approvals("live", None, 9, NOBODY)
        assert sorted(at_of(expired)) == [1, 5]
        assert {row.run_ended_ts for row in expired} == {NOW + 5_000}
        await store_all(store, event("task_failed", 20, **RUN))
        assert at_of(await store.open_approvals("live", None, 9, NOBODY)) == [8]
        assert {row.run_ended_ts for row in await store.expired_approvals("live", None, 9, NOBODY)} == {
            NOW + 20_000
        }
        assert len(await store.expired_approvals("live", "a", 2, NOBODY)) == 2

    async def test_what_a_lost_run_asked_is_expired(self, store: Store) -> None:
        start = event("task_started", **RUN, payload={"hiveloop": {"process": "p"}})
        await put(store, batch([start, asked(1, "x"), asked(2, task_id=None)], received=NOW))
        lost = Silence(heard_by={"a": NOW + 1})
        assert at_of(await store.open_approvals("live", None, 9, lost)) == [2]
        (row,) = await store.expired_approvals("live", None, 9, lost)
        assert (row.approval_id, row.lost_ts, row.run_ended_ts) == ("x", NOW, None)
        assert at_of(await store.approvals("live", ApprovalFilter(pending=True), lost)) == [2]
        assert at_of(await store.approvals("live", ApprovalFilter(pending=False), lost)) == [1]
        assert at_of(await store.open_approvals("live", None, 9, Silence(heard_by={"a": NOW}))) == [1, 2]
        row_of = await store.task("live", "t", "r")
        assert row_of is not None
        assert row_of.waiting

    async def test_every_filter_of_requests(self, store: Store) -> None:
        await store_all(
            store, asked(1, "x", project_id="p"), asked(2, "y", agent_id="b"), asked(3, "z", task_id="u")
        )
        await store_all(store, asked(4, "w"), environment="staging", group="blue")

        async def pending(**fields: Any) -> list[int]:
            return at_of(await store.approvals("live", ApprovalFilter(pending=True, **fields), NOBODY))

        assert await pending() == [1, 2, 3, 4]
        assert await pending(limit=2) == [1, 2]
        assert await pending(project_id="p") == [1]
        assert await pending(agent_id="b") == [2]
        assert await pending(task_id="u") == [3]
        assert await pending(environment="staging") == await pending(group="blue") == [4]
        (first,) = await store.approvals("live", ApprovalFilter(pending=True, limit=1), NOBODY)
        assert await pending(after=(first.ts, first.event_id)) == [2, 3, 4]
        replies = [
            answered(5, name="x"),
            answered(6, "rejected", "y"),
            answered(7, "perhaps", "z"),
            event("task_failed", 8, **RUN),
        ]
        await store_all(store, *replies)

        async def others(*statuses: str, **fields: Any) -> list[int]:
            want = ApprovalFilter(pending=False, statuses=statuses, **fields)
            return at_of(await store.approvals("live", want, NOBODY))

        assert await pending() == []
        assert await others() == [4, 3, 2, 1]
        assert await others("approved") == [1]
        assert await others("rejected", "answered") == [3, 2]
        assert await others("expired") == [4]
        assert await others(after=(NOW + 3_000, "")) == [2, 1]
        assert await store.approval("live", "nothing", NOBODY) is None
        by_event = await store.approval("live", first.event_id, NOBODY)
        assert by_event is not None
        assert by_event.approval_id == "x"

    async def test_an_issue_lives_by_the_latest_word_on_it(self, store: Store) -> None:
        def issue(at: int, action: str = "reported", **fields: Any) -> dict[str, Any]:
            return kind("issue", at, "CRM answers 403", data={"severity": "high", "action": action}, **fields)

        async def status() -> list[str]:
            names = ("open", "regressed", "resolved", "dismissed")
            pages = {name: await store.issue_page("live", IssueFilter(statuses=(name,))) for name in names}
            return [name for name, rows in pages.items() for _ in rows]

        await store_all(store, issue(1, "resolved"))
        assert await store.issues("live", None, 9) == []
        await store_all(store, issue(3, task_id="t", task_run_id="r", project_id="p"), issue(2))
        assert await status() == ["regressed"]
        await store_all(store, issue(4, "resolved"))
        assert await status() == ["resolved"]
        await store_all(store, issue(5, "reopened"))
        assert await status() == ["open"]
        await store_all(store, issue(6, "dismissed"))
        assert await status() == ["dismissed"]
        await store_all(store, issue(7))
        assert await status() == ["regressed"]
        (row,) = await store.issues("live", "a", 9)
        assert (row.state.occurrences, row.state.first_ts, row.state.reported_ts) == (
            3,
            NOW + 1_000,
            NOW + 7_000,
        )
        call = kind(
            "llm_call", 9, data={"name": "n", "model": "m", "cost": 0.25}, task_id="t", task_run_id="r"
        )
        await store_all(store, call)
        found = await store.issue("live", "a", row.state.issue_key)
        assert found is not None
        assert (found.tasks, found.cost_nano) == (1, 250_000_000)
        assert await store.issue("live", "b", row.state.issue_key) is None

    async def test_every_filter_of_issues(self, store: Store) -> None:
        def issue(text: str, at: int, severity: str = "low", **fields: Any) -> dict[str, Any]:
            return kind("issue", at, text, data={"severity": severity}, **fields)

        await store_all(
            store, issue("one", 1, project_id="p"), issue("two", 2, "high", agent_id="b"), issue("three", 2)
        )
        await store_all(store, issue("four", 0), environment="staging", group="blue")

        async def kept(**fields: Any) -> list[int]:
            rows = await store.issue_page("live", IssueFilter(**fields))
            return [((row.state.reported_ts or 0) - NOW) // 1_000 for row in rows]

        assert await kept() == [2, 2, 1, 0]
        assert await kept(agent_id="b") == await kept(severities=("high",)) == [2]
        assert await kept(project_id="p") == [1]
        assert await kept(environment="staging") == await kept(group="blue") == [0]
        assert await kept(severities=("high", "low"), statuses=("resolved",)) == []
        rows = await store.issue_page("live", IssueFilter(limit=1))
        seen = []
        while rows:
            seen += rows
            last = rows[-1].state
            after = (last.reported_ts or 0, last.agent_id, last.issue_key)
            rows = await store.issue_page("live", IssueFilter(limit=1, after=after))
        assert seen == await store.issue_page("live", IssueFilter())
        assert [row.state for row in await store.issues("live", None, 9)] == [row.state for row in seen]
        assert len(await store.issues("live", None, 2)) == 2
