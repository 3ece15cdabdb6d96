"""One line for the process: what it covers, what it refuses, and that it goes away again."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import hiveloop
import hiveloop_tenacity
import pytest
import tenacity
from hiveloop.testing import Captured
from tenacity import retry

from .scripted import Flaky, data, kinds, quick


def test_uninstrument_in_the_middle_of_a_call(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    retry(**quick(sleep=lambda seconds: hiveloop_tenacity.uninstrument()))(Flaky(2))()
    assert kinds(hive) == ["retry_started"]


def test_instrument_in_the_middle_of_a_call(hive: Captured) -> None:
    retry(**quick(sleep=lambda seconds: hiveloop_tenacity.instrument()))(Flaky(2))()
    assert kinds(hive) == ["retry_started", "recovered"]


def test_instrumenting_again_changes_the_settings(hive: Captured) -> None:
    hiveloop_tenacity.instrument(on_give_up="issue")
    hiveloop_tenacity.instrument(on_give_up="escalate")
    with pytest.raises(tenacity.RetryError):
        retry(**quick(attempts=2))(Flaky(9))()
    assert kinds(hive) == ["retry_started", "escalated"]


def test_a_later_wrapper_of_somebody_else_stays(hive: Captured) -> None:
    original = vars(tenacity.BaseRetrying)["iter"]
    hiveloop_tenacity.instrument()
    ours = vars(tenacity.BaseRetrying)["iter"]
    seen: list[int] = []

    def theirs(self: Any, retry_state: Any) -> Any:
        seen.append(retry_state.attempt_number)
        return ours(self, retry_state)

    tenacity.BaseRetrying.iter = theirs  # type: ignore[method-assign]
    try:
        hiveloop_tenacity.uninstrument()
        assert vars(tenacity.BaseRetrying)["iter"] is theirs
        assert retry(**quick())(Flaky(1))() == "ok"
        assert seen == [1, 1, 2, 2]
        assert hive.events == []
    finally:
        tenacity.BaseRetrying.iter = original  # type: ignore[method-assign]


def test_a_wrapper_from_before_still_runs(hive: Captured) -> None:
    original = vars(tenacity.BaseRetrying)["iter"]
    seen: list[int] = []

    def theirs(self: Any, retry_state: Any) -> Any:
        seen.append(retry_state.attempt_number)
        return original(self, retry_state)

    tenacity.BaseRetrying.iter = theirs  # type: ignore[method-assign]
    try:
        hiveloop_tenacity.instrument()
        assert retry(**quick())(Flaky(1))() == "ok"
        hiveloop_tenacity.uninstrument()
        assert vars(tenacity.BaseRetrying)["iter"] is theirs
        assert seen == [1, 1, 2, 2]
        assert len(data(hive)) == 1
    finally:
        tenacity.BaseRetrying.iter = original  # type: ignore[method-assign]


def test_the_registry_turns_it_on_by_name_with_options(hive: Captured) -> None:
    assert hiveloop.instrument("tenacity", on_give_up="escalate") == ("tenacity",)
    with pytest.raises(tenacity.RetryError):
        retry(**quick(attempts=2))(Flaky(9))()
    assert kinds(hive) == ["retry_started", "escalated"]
    hiveloop.adapters.uninstrument("tenacity")
    retry(**quick())(Flaky(1))()
    assert len(kinds(hive)) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"on_give_up": "explode"}, "on_give_up"),
        ({"assigned_to": "ops"}, "assigned_to needs on_give_up='escalate'"),
        ({"min_backoff_seconds": -1}, "min_backoff_seconds"),
        ({"min_backoff_seconds": float("nan")}, "min_backoff_seconds"),
        ({"min_backoff_seconds": "2"}, "min_backoff_seconds"),
        ({"name": "call"}, "name is a callable"),
        ({"agent": 7}, "agent is a name"),
        ({"include": [1]}, "include is a list of module names"),
        ({"exclude": [""]}, "exclude is a list of module names"),
    ],
)
def test_a_wrong_setting_is_refused_and_nothing_is_turned_on(options: dict[str, Any], said: str) -> None:
    before = vars(tenacity.BaseRetrying)["iter"]
    with pytest.raises(hiveloop.HiveLoopConfigError, match=said):
        hiveloop_tenacity.instrument(**options)
    assert vars(tenacity.BaseRetrying)["iter"] is before


def test_an_issue_id_goes_with_issues_only() -> None:
    with pytest.raises(hiveloop.HiveLoopConfigError, match="issue_id"):
        hiveloop_tenacity.watch(retry(**quick())(Flaky(0)), "escalate", issue_id="x")


def test_importing_it_imports_no_tenacity() -> None:
    program = (
        "import sys, hiveloop_tenacity\n"
        "hook = hiveloop_tenacity.chain(hiveloop_tenacity.before_sleep)\n"
        "assert hiveloop_tenacity.adapter.name == 'tenacity'\n"
        "assert 'tenacity' not in sys.modules and 'asyncio' not in sys.modules\n"
        "assert dir(hiveloop_tenacity) == sorted(hiveloop_tenacity.__all__)\n"
        "try:\n    hiveloop_tenacity.nothing\nexcept AttributeError as error:\n    assert 'nothing' in str(error)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
