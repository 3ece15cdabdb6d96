"""Policies: what each limits, who is stopped and who is not, what is told, and that nothing else ever happens to the host."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import hiveloop
import pytest
from hiveloop import policies
from hiveloop._runtime import runtime
from hiveloop.adapters import gate
from hiveloop.errors import HiveLoopConfigError
from hiveloop.events import Custom
from hiveloop.payloads import LlmCall, LlmCallData
from hiveloop.policies import (
    Approval,
    Budget,
    Models,
    PolicyCheck,
    PolicyViolationError,
    Rate,
    Request,
    Tools,
)
from hiveloop.policies import _feed as feed_module
from hiveloop.testing import Captured, capture_events


@pytest.fixture
def seen() -> Iterator[Captured]:
    with capture_events() as captured:
        yield captured


def checks(seen: Captured) -> list[dict[str, Any]]:
    return [event["payload"]["data"] for event in seen.kinds("policy_check")]


def agent(name: str = "a", type: str = "sales") -> hiveloop.Agent:
    return hiveloop.agent(name, type=type)


# -- nothing asked for, nothing done --


def test_without_policies_all_is_allowed_and_nothing_is_watched(seen: Captured) -> None:
    with agent().task("t", enforce_policy=True) as task:
        check = task.check_policy_sync()
    assert (check.action, check.allowed, check.blocked, check.reason) == ("allow", True, False, "")
    assert runtime.gates == ()
    assert runtime.pipeline is not None
    assert runtime.pipeline._watch is None
    assert [told["action"] for told in checks(seen)] == ["allow"]


def test_before_init_everything_is_allowed() -> None:
    policies.add(Budget(calls=0))
    with agent().task("t", enforce_policy=True) as task:
        assert task.check_policy_sync() == PolicyCheck()
        assert asyncio.run(task.check_policy()) == PolicyCheck()


def test_a_task_that_did_not_ask_is_never_stopped(seen: Captured) -> None:
    policies.add(Budget(calls=1), Tools(deny=["*"]), Models(deny=["*"]), Rate(count=1, seconds=60))
    for _ in range(3):
        with agent().task() as task:
            for _ in range(3):
                task.llm_call("n", model="m", tokens_in=1)
                assert gate(task, "tool", "shell", {}) is None
                assert gate(task, "llm", "m", {"model": "m"}) is None
            assert task.check_policy_sync().blocked
    assert len(seen.of_type("task_completed")) == 3


def test_policies_that_go_leave_nothing_behind(seen: Captured) -> None:
    budget = Budget(calls=1)
    policies.add(budget)
    assert len(runtime.gates) == 1
    policies.remove(budget)
    assert runtime.gates == ()
    assert runtime.pipeline is not None
    assert runtime.pipeline._watch is None


# -- before the start --


def test_a_blocked_run_never_starts_and_the_agent_tells(seen: Captured) -> None:
    policies.add(Budget(calls=0, name="no calls", reason="closed on Sundays"))
    with pytest.raises(PolicyViolationError, match="closed on Sundays") as caught:
        with agent().task("t", enforce_policy=True):
            raise AssertionError("entered")
    with pytest.raises(PolicyViolationError):
        agent().start_task("t", enforce_policy=True)
    assert isinstance(caught.value, hiveloop.Intervention)
    assert caught.value.policy_result.blocked
    assert caught.value.policy_result.metadata["policy"] == "no calls"
    assert [event["event_type"] for event in seen.events] == ["agent_registered", "custom", "custom"]
    (first, _) = seen.kinds("policy_check")
    assert "task_id" not in first
    assert first["severity"] == "error"
    assert first["payload"]["data"]["task_id"] == "t"
    assert first["payload"]["data"]["phase"] == "pre_execution"
    assert hiveloop.current_task() is None


def test_an_async_run_is_blocked_alike(seen: Captured) -> None:
    policies.add(Rate(count=1, seconds=60, action="throttle"))

    async def run() -> None:
        async with agent().task("one", enforce_policy=True):
            pass
        async with agent().task("two", enforce_policy=True):
            raise AssertionError("entered")

    with pytest.raises(PolicyViolationError) as caught:
        asyncio.run(run())
    assert caught.value.policy_result.action == "throttle"
    assert {event["task_id"] for event in seen.of_type("task_started")} == {"one"}


def test_a_warning_is_told_as_part_of_the_run(seen: Captured) -> None:
    policies.add(Budget(calls=0, action="warn"))
    with agent().task("t", enforce_policy=True):
        pass
    (told,) = seen.kinds("policy_check")
    assert (told["task_id"], told["payload"]["data"]["action"], told["severity"]) == ("t", "warn", "warn")


# -- budgets --


@pytest.mark.parametrize(
    ("budget", "call"),
    [
        (Budget(usd=0.02), {"cost": 0.01}),
        (Budget(tokens=20), {"tokens_in": 6, "tokens_out": 4}),
        (Budget(calls=2), {}),
    ],
)
def test_a_budget_stops_the_call_that_would_exceed_it(budget: Budget, call: Any, seen: Captured) -> None:
    policies.add(budget)
    with pytest.raises(PolicyViolationError, match="The budget of this run is spent"):
        with agent().task("t", enforce_policy=True) as task:
            for _ in range(2):
                assert gate(task, "llm", "m", {"model": "m"}) is None
                task.llm_call("n", model="m", **call)
            assert gate(task, "tool", "finish", {}) is None  # costs nothing
            gate(task, "llm", "m", {"model": "m"})
    (failed,) = seen.of_type("task_failed")
    assert failed["payload"]["exception_type"] == "PolicyViolationError"


def test_calls_told_by_hand_are_stopped_once_the_budget_is_passed(seen: Captured) -> None:
    policies.add(Budget(calls=2))
    made = 0
    with pytest.raises(PolicyViolationError):
        with agent().task("t", enforce_policy=True) as task:
            for _ in range(5):
                made += 1
                task.llm_call("n", model="m")
    assert made == 3


def test_whose_budget_it_is(seen: Captured) -> None:
    policies.add(Budget(calls=1, per="session", id="s"), Budget(calls=2, per="user", id="u"))

    def blocked_by(**whose: str) -> str | None:
        with agent().task(**whose) as task:
            task.llm_call("n")
            found = task.check_policy_sync()
        return found.metadata.get("policy_id")

    assert blocked_by(session_id="1", user_id="x") == "s"
    assert blocked_by(session_id="2", user_id="y") == "s"
    with agent().task(session_id="3", user_id="x") as task:
        task.llm_call("n")
        policies.remove("s")
        assert task.check_policy_sync().metadata["policy_id"] == "u"
    with agent().task(user_id="y") as task:
        assert task.check_policy_sync().allowed


def test_an_hour_and_an_agent_are_shared_and_a_run_is_not(
    seen: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000_000 * 3_600.0]
    monkeypatch.setattr("hiveloop.policies._meter.time.time", lambda: now[0])
    policies.add(Budget(calls=2, per="hour", id="hour"))
    for _ in range(2):
        with agent().task() as task:
            task.llm_call("n")
    with agent("other").task() as task:
        assert task.check_policy_sync().blocked
        now[0] += 3_600
        assert task.check_policy_sync().allowed
    policies.clear()
    policies.add(Budget(calls=1, per="agent"))
    with agent().task() as task:
        task.llm_call("n")
    with agent().task() as task:
        assert task.check_policy_sync().blocked
    with agent("other").task() as task:
        assert task.check_policy_sync().allowed


def test_seconds_count_while_the_run_lasts(seen: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = [0.0]
    real = time.monotonic
    monkeypatch.setattr("hiveloop.policies._meter.time.monotonic", lambda: real() + moved[0])
    policies.add(Budget(seconds=60))
    with agent().task() as task:
        assert task.check_policy_sync().allowed
        moved[0] = 61
        assert task.check_policy_sync().blocked


def test_dollars_nobody_knows_are_not_counted_and_are_told(seen: Captured) -> None:
    policies.add(Budget(usd=0.001))
    with agent().task() as task:
        task.llm_call("n", model="m", tokens_in=10**6)
        assert task.check_policy_sync().allowed
        task.llm_call("n", model="m", cost=0.01)
        found = task.check_policy_sync()
    assert (found.metadata["unpriced_calls"], found.metadata["spent"]) == (1, 0.01)


# -- rates, tools, models, functions --


def test_rates_of_calls(seen: Captured) -> None:
    policies.add(Rate(count=2, seconds=60, of="tool_calls", action="throttle"))
    with pytest.raises(PolicyViolationError) as caught:
        with agent().task(enforce_policy=True) as task:
            for _ in range(3):
                gate(task, "tool", "search", {})
    assert caught.value.policy_result.metadata["counted"] == 2


def test_a_stream_without_a_pause_leaves_the_window_as_it_entered_it() -> None:
    window = policies._window.Window(3_600)
    for number in range(40_000):  # four a second, for nearly three hours
        window.add(number * 0.25)
    assert 14_400 <= window.prune(9_999.75) <= 14_410
    assert len(window._entries) <= 10_002


def test_a_call_that_is_no_figure_spoils_no_budget(seen: Captured) -> None:
    policies.add(Budget(usd=1.0))
    for cost in (float("nan"), float("inf"), -5.0):
        with pytest.raises(PolicyViolationError), agent().task(enforce_policy=True) as task:
            task.emit(Custom(payload=LlmCall(data=LlmCallData(name="turn", cost=cost))))
            task.llm_call("turn", cost=0.6)
            task.llm_call("turn", cost=0.6)


def test_a_coroutine_is_no_judge(seen: Captured) -> None:
    async def judge(request: Any) -> str:
        return "block"

    class Judge:
        async def __call__(self, request: Any) -> str:
            return "block"

    for given in (judge, Judge(), functools.partial(judge)):
        with pytest.raises(HiveLoopConfigError, match="plain function"):
            policies.add(given)


def test_reset_and_a_change_of_policies_do_not_wait_for_each_other() -> None:
    policies.add(Budget(calls=1))
    book = policies._book.book()
    is_held, go_on = threading.Event(), threading.Event()

    def change() -> None:
        with book._lock:  # as whoever adds one, or learns the collector's, has it
            is_held.set()
            go_on.wait(10)
            with runtime.lock:
                pass

    changing = threading.Thread(target=change, daemon=True)
    changing.start()
    assert is_held.wait(10)
    resetting = threading.Thread(target=hiveloop.reset, daemon=True)
    resetting.start()
    deadline = time.monotonic() + 10
    while runtime.policies is not None and time.monotonic() < deadline:
        time.sleep(0.01)  # it is inside now
    go_on.set()
    changing.join(10)
    resetting.join(10)
    assert not changing.is_alive()
    assert not resetting.is_alive()


def test_a_window_is_exact_and_bounded() -> None:
    from hiveloop.policies._window import _STRETCHES, Window

    window = Window(10.0)
    for number in range(100):
        window.add(number * 1.0)
    assert window.prune(99.0) == 10
    for number in range(50_000):
        window.add(100 + number / 50_000)
    assert len(window._entries) <= _STRETCHES + 1
    assert window.prune(101.0) == 50_000 + 8


@pytest.mark.parametrize(
    ("policy", "kind", "name", "arguments", "stops"),
    [
        (Tools(deny=["shell*"]), "tool", "shell_run", {}, True),
        (Tools(deny=["shell*"]), "tool", "search", {}, False),
        (Tools(allow=["search"]), "tool", "search", {}, False),
        (Tools(allow=["search"]), "tool", "searches", {}, True),
        (Tools(allow=["*"], deny=["rm"]), "tool", "rm", {}, True),
        (Tools(allow=[]), "tool", "x", None, True),
        (Tools(deny=["m"]), "llm", "m", {"model": "m"}, False),
        (Models(allow=["gpt-4o*"]), "llm", "ChatOpenAI", {"model": "gpt-4o-mini"}, False),
        (Models(allow=["gpt-4o*"]), "llm", "ChatOpenAI", {"model": "o1"}, True),
        (Models(allow=["gpt-4o*"]), "llm", "ChatOpenAI", {"model": None}, False),
        (Models(allow=["gpt-4o*"]), "llm", "ChatOpenAI", object(), False),
    ],
)
def test_names(policy: Any, kind: str, name: str, arguments: Any, stops: bool, seen: Captured) -> None:
    policies.add(policy)
    with agent().task(enforce_policy=True) as task:
        if not stops:
            assert gate(task, kind, name, arguments) is None
            return
        with pytest.raises(PolicyViolationError):
            gate(task, kind, name, arguments)
    assert checks(seen)[-1]["phase"] == "mid_execution"


def test_a_model_told_by_hand_is_stopped_too_and_a_tracked_action_never_runs(seen: Captured) -> None:
    policies.add(Models(deny=["o1*"]), Tools(deny=["shell"]))
    with agent().task(enforce_policy=True) as task:
        task.llm_call("n", model="gpt-4o")
        with pytest.raises(PolicyViolationError):
            task.llm_call("n", model="o1-pro")
        with pytest.raises(PolicyViolationError):
            with agent().track_context("shell"):
                raise AssertionError("ran")


def test_a_warning_mid_run_is_told_once(seen: Captured) -> None:
    policies.add(Tools(deny=["shell"], action="warn"))
    with agent().task(enforce_policy=True) as task:
        for _ in range(5):
            assert gate(task, "tool", "shell", {}) is None
    assert [told["action"] for told in checks(seen)] == ["warn"]


def test_whom_a_policy_is_for(seen: Captured) -> None:
    policies.add(Budget(calls=0, agent="sales-*", type="qualif*", user_group="free"))

    def allowed(name: str, agent_type: str, **run: Any) -> bool:
        with hiveloop.agent(name, type=agent_type).task(**run) as task:
            found = task.check_policy_sync().allowed
        return found

    assert not allowed("sales-1", "qualifier", user_group="free")
    assert allowed("support-1", "qualifier", user_group="free")
    assert allowed("sales-2", "writer", user_group="free")
    assert not allowed("sales-2", "writer", user_group="free", type="qualify")
    assert allowed("sales-1", "qualifier", user_group="enterprise")
    assert allowed("sales-1", "qualifier")


@pytest.mark.parametrize(
    ("said", "action"),
    [
        (None, "allow"), (True, "allow"), ("allow", "allow"), ("warn", "warn"), ("throttle", "throttle"),
        ("block", "block"), (False, "block"), (PolicyCheck("warn", "careful"), "warn"), ("nonsense", "allow"),
        (7, "allow"), (PolicyCheck("explode"), "allow"), ([], "allow"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_a_function_is_a_policy(said: Any, action: str, seen: Captured) -> None:
    policies.add(lambda request: said)
    with agent().task() as task:
        assert task.check_policy_sync().action == action


def test_a_function_sees_the_run_and_the_call(seen: Captured) -> None:
    asked: list[Request] = []
    policies.add(asked.append)
    with agent().task("t", session_id="s", inputs={"q": 1}, enforce_policy=True) as task:
        gate(task, "tool", "search", {"q": 2})
    first, call = asked
    assert (first.phase, first.agent_id, first.session_id, first.inputs) == (
        "pre_execution",
        "a",
        "s",
        {"q": 1},
    )
    assert (call.phase, call.kind, call.name, call.arguments) == ("mid_execution", "tool", "search", {"q": 2})


def test_a_function_that_breaks_allows_and_one_that_raises_the_violation_blocks(seen: Captured) -> None:
    def broken(request: Request) -> str:
        raise RuntimeError("mine")

    def strict(request: Request) -> str:
        raise PolicyViolationError("never", PolicyCheck("block", "never"))

    policies.add(broken)
    with agent().task(enforce_policy=True) as task:
        assert task.check_policy_sync().allowed
        policies.add(strict)
        assert task.check_policy_sync().reason == "never"


def test_the_strictest_decides(seen: Captured) -> None:
    policies.add(lambda r: "warn", Budget(calls=0, action="block", id="b"), lambda r: "throttle")
    with agent().task() as task:
        assert task.check_policy_sync().metadata["policy_id"] == "b"


# -- approvals --


class Desk:
    """Answers approvals in place of a collector."""

    def __init__(self, decision: str | None) -> None:
        self.decision = decision
        self.asked: list[Any] = []

    def wait(self, approval_id: Any, timeout: Any) -> str | None:
        self.asked.append((approval_id, timeout))
        return self.decision


@pytest.mark.parametrize(("decision", "passes"), [("approved", True), ("rejected", False), (None, False)])
def test_a_tool_waits_for_its_approval(decision: str | None, passes: bool, seen: Captured) -> None:
    policies.add(Approval(tools=["refund*"], reason="Money leaves", timeout=5))
    assert runtime.session is not None
    runtime.session.approvals = desk = Desk(decision)
    with agent().task(enforce_policy=True) as task:
        assert gate(task, "tool", "search", {}) is None
        if passes:
            assert gate(task, "tool", "refund_all", {"eur": 84}) is None
        else:
            with pytest.raises(PolicyViolationError) as caught:
                gate(task, "tool", "refund_all", {"eur": 84})
            assert caught.value.policy_result.metadata["decision"] == decision
    (asked,) = seen.of_type("approval_requested")
    assert desk.asked == [(asked["payload"]["data"]["approval_id"], 5)]
    assert asked["payload"]["data"]["reason"] == "Money leaves"


def test_an_event_loop_never_waits_and_the_same_call_passes_once_approved(seen: Captured) -> None:
    policies.add(Approval(tools=["refund"]))
    decide = threading.Event()

    class Slow(Desk):
        def wait(self, approval_id: Any, timeout: Any) -> str | None:
            decide.wait(10)
            return super().wait(approval_id, timeout)

    assert runtime.session is not None
    runtime.session.approvals = desk = Slow("approved")

    async def run(call: dict[str, int]) -> str | None:
        async with agent().task(enforce_policy=True) as task:
            try:
                gate(task, "tool", "refund", call)
            except PolicyViolationError as stopped:
                return str(stopped.policy_result.metadata["approval_id"])
        return None

    first = asyncio.run(run({"eur": 84}))
    assert first is not None
    assert asyncio.run(run({"eur": 84})) == first
    decide.set()
    until = time.monotonic() + 10
    while not desk.asked or asyncio.run(run({"eur": 84})) is not None:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert desk.asked[0][0] == first


def test_an_approval_that_only_warns_asks_nobody(seen: Captured) -> None:
    policies.add(Approval(tools=["*"], action="warn"))
    with agent().task(enforce_policy=True) as task:
        assert gate(task, "tool", "refund", {}) is None
    assert seen.of_type("approval_requested") == []
    assert checks(seen)[-1]["action"] == "warn"


# -- wrong settings --


@pytest.mark.parametrize(
    "make",
    [
        lambda: Budget(), lambda: Budget(usd=-1), lambda: Budget(usd=float("nan")), lambda: Budget(usd="1"),
        lambda: Budget(calls=True), lambda: Budget(calls=1, per="week"), lambda: Budget(calls=1, action="stop"),
        lambda: Budget(calls=1, agent=7), lambda: Rate(count=0, seconds=1), lambda: Rate(count=1, seconds=0),
        lambda: Rate(count=1, seconds=1, of="tokens"), lambda: Tools(), lambda: Tools(deny="shell"),
        lambda: Models(allow=[1]), lambda: Approval(tools=["x"], timeout=-1), lambda: Approval(tools="x"),
        lambda: policies.add(Budget), lambda: policies.add(7), lambda: policies.add("block"),
        lambda: policies.add(policies.Policy()), lambda: policies.Function(judge="x"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(make: Any) -> None:
    with pytest.raises(hiveloop.HiveLoopConfigError):
        make()


def test_the_error_can_be_pickled() -> None:
    error = PolicyViolationError("no", PolicyCheck("throttle", "no", {"limit": 1}))
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.policy_result) == ("no", error.policy_result)


@pytest.mark.parametrize("value", [None, 0, "", [], object(), 1])
def test_enforce_policy_takes_anything(value: Any, seen: Captured) -> None:
    with agent().task(enforce_policy=value):
        pass


def test_counts_are_bounded(seen: Captured) -> None:
    policies.add(Budget(calls=5, per="session"), Rate(count=10, seconds=60))
    for number in range(4_500):
        agent().start_task(session_id=f"s-{number}").llm_call("n")
    meter = policies._book.book()._meter
    assert meter._runs.kept <= 2_000
    assert all(accounts.kept <= 2_000 for accounts in meter._accounts.values())


# -- the collector's --


class Served:
    """`GET /v1/policies`, with an ETag, and told to fail."""

    def __init__(self) -> None:
        self.policies: list[dict[str, Any]] = []
        self.status = 200
        self.body: bytes | None = None
        self.asked: list[str | None] = []
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                served.asked.append(self.headers.get("If-None-Match"))
                body = served.body or json.dumps({"policies": served.policies, "version": "v"}).encode()
                tag = f'"{hash(body)}"'
                status = 304 if self.headers.get("If-None-Match") == tag else served.status
                self.send_response(status)
                self.send_header("ETag", tag)
                self.send_header("Content-Length", "0" if status == 304 else str(len(body)))
                self.end_headers()
                if status != 304:
                    self.wfile.write(body)

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                self.rfile.read(length)
                self.send_response(503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def served(quick: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(feed_module, "REFRESH_SECONDS", 0.0)
    collector = Served()
    yield collector
    hiveloop.reset()
    collector.stop()


BUDGET = {"id": "b", "name": "Two calls", "kind": "budget", "match": {"agent": "a*"}, "limit": {"calls": 0}, "action": "block", "reason": "spent"}  # fmt: skip


def settle() -> None:
    """Wait for the question under way."""
    thread = policies._book.book()._feed._thread  # type: ignore[union-attr]
    assert thread is not None
    thread.join(10)
    assert not thread.is_alive()


def test_the_first_run_already_follows_the_collector(served: Served) -> None:
    served.policies = [BUDGET]
    hiveloop.init(endpoint=served.url)
    with pytest.raises(PolicyViolationError, match="spent"):
        with agent().task(enforce_policy=True):
            raise AssertionError("entered")
    with agent("other").task(enforce_policy=True) as task:
        assert task.check_policy_sync().allowed


def test_what_is_known_holds_while_the_collector_is_away_and_changes_when_it_does(served: Served) -> None:
    served.policies = [BUDGET]
    hiveloop.init(endpoint=served.url)
    task = agent().task()
    assert task.check_policy_sync().blocked
    settle()
    for status, body in ((503, None), (200, b"<html>"), (200, b'{"policies": 7}'), (401, None), (500, b"")):
        served.status, served.body = status, body
        for _ in range(2):
            assert task.check_policy_sync().blocked
            settle()
    served.status, served.body, served.policies = 200, None, []
    task.check_policy_sync()
    settle()
    assert task.check_policy_sync().allowed
    settle()
    assert served.asked[0] is None
    assert served.asked[-1] is not None


FORKS = """
import os, sys, hiveloop
from hiveloop import policies
from hiveloop.policies import _feed
_feed.REFRESH_SECONDS = 0.0
hiveloop.init(api_key="hb_test_x", endpoint=sys.argv[1])
def is_blocked():
    blocked = hiveloop.agent("a").task().check_policy_sync().blocked
    policies._book.book()._feed._thread.join(10)
    return blocked
if sys.argv[2] == "known":
    assert is_blocked()
child = os.fork()
if child == 0:
    os._exit(0 if is_blocked() and is_blocked() else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize(("state", "questions"), [("unknown", 2), ("known", 3)])
def test_a_forked_child_follows_the_collector_by_itself(state: str, questions: int, served: Served) -> None:
    served.policies = [BUDGET]
    done = subprocess.run(
        [sys.executable, "-c", FORKS, served.url, state],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    # Nobody asks for what it knows already: the child has the tag of its parent's answer.
    assert len(served.asked) >= questions  # a heartbeat may ask once more
    assert served.asked[0] is None
    assert None not in served.asked[1:]


def test_nobody_is_asked_before_somebody_wants_to_know(served: Served) -> None:
    hiveloop.init(endpoint=served.url)
    with agent().task() as task:
        task.llm_call("n")
    agent().beat()
    assert served.asked == []
    task.check_policy_sync()
    settle()
    asked = len(served.asked)
    agent().beat()
    settle()
    assert len(served.asked) == asked + 1


def test_policies_of_a_kind_nobody_knows_are_left_out(served: Served) -> None:
    odd = [{"id": "x", "kind": "horoscope", "limit": {}, "action": "block"}, {"kind": "budget"}, 7, None,
           {**BUDGET, "id": "c", "limit": {"calls": 0, "moons": 3}}]  # fmt: skip
    served.policies = [*odd, BUDGET]  # type: ignore[list-item]
    hiveloop.init(endpoint=served.url)
    assert agent().task().check_policy_sync().metadata["policy_id"] == "b"
    assert [policy.id for policy in policies.active()] == ["b"]


def test_an_own_policy_replaces_one_with_its_id(served: Served) -> None:
    served.policies = [BUDGET]
    hiveloop.init(endpoint=served.url)
    policies.add(Budget(calls=100, id="b"))
    assert agent().task().check_policy_sync().allowed
    policies.remove("b")
    assert agent().task().check_policy_sync().blocked


def test_a_collector_that_is_away_allows_and_costs_nothing(quick: None) -> None:
    hiveloop.init(endpoint="http://127.0.0.1:9")
    with agent().task(enforce_policy=True) as task:
        started = time.perf_counter()
        for _ in range(100):
            assert task.check_policy_sync().allowed
        assert time.perf_counter() - started < 1.0


def test_a_silent_collector_is_waited_for_once(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr("hiveloop._task_policy.FIRST_ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hiveloop.init(endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        started = time.perf_counter()
        with agent().task(enforce_policy=True):
            pass
        assert 0.15 < time.perf_counter() - started < 5.0

        async def ask() -> None:
            async with agent().task(enforce_policy=True) as task:
                await task.check_policy()

        asyncio.run(ask())
        hiveloop.shutdown(0.2)
