"""Log records become issues: levels, ids, context; never the SDK's own, never in circles, never an error."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import hiveloop
import pytest
from hiveloop.contrib.log_handler import HiveBoardLogHandler
from hiveloop.testing import Captured


@pytest.fixture
def logger(hive: Captured) -> Iterator[logging.Logger]:
    log = logging.getLogger("my_app.crm")
    handler = HiveBoardLogHandler(hiveloop.agent("a"))
    log.addHandler(handler)
    yield log
    log.removeHandler(handler)


@pytest.mark.parametrize(
    ("level", "severity", "name"),
    [
        (logging.WARNING, "medium", "WARNING"),
        (logging.ERROR, "high", "ERROR"),
        (logging.CRITICAL, "critical", "CRITICAL"),
        (45, "high", "Level 45"),
        (35, "medium", "Level 35"),
    ],
)
def test_levels(hive: Captured, logger: logging.Logger, level: int, severity: str, name: str) -> None:
    logger.log(level, "CRM answered %d", 403)
    payload = hive.kinds("issue")[0]["payload"]
    assert payload["summary"] == "CRM answered 403"
    assert payload["data"]["severity"] == severity
    assert payload["data"]["issue_id"] == f"log-my_app.crm-{name}"
    assert payload["data"]["category"] == "log"
    context = payload["data"]["context"]
    assert context["logger"] == "my_app.crm"
    assert context["filename"] == "test_log_handler.py"
    assert context["funcName"] == "test_levels"
    assert isinstance(context["lineno"], int)


def test_below_the_level_is_ignored(hive: Captured, logger: logging.Logger) -> None:
    logger.info("fine")
    assert hive.kinds("issue") == []


def test_level_and_category_are_configurable(hive: Captured) -> None:
    handler = HiveBoardLogHandler(hiveloop.agent("a"), level=logging.INFO, category="ops")
    handler.handle(logging.LogRecord("x", logging.INFO, "f.py", 1, "m", None, None))
    data = hive.kinds("issue")[0]["payload"]["data"]
    assert (data["severity"], data["category"]) == ("low", "ops")


def test_own_records_and_recursion_are_left_out(hive: Captured) -> None:
    agent = hiveloop.agent("a")
    root = logging.getLogger()
    handler = HiveBoardLogHandler(agent)
    root.addHandler(handler)
    try:
        logging.getLogger("hiveloop").warning("own")
        logging.getLogger("hiveloop.sender").warning("own too")
        logging.getLogger("hiveloopish").warning("not ours")
    finally:
        root.removeHandler(handler)
    assert [e["payload"]["summary"] for e in hive.kinds("issue")] == ["not ours"]


def test_a_broken_record_does_not_raise(hive: Captured, logger: logging.Logger) -> None:
    handler = logger.handlers[-1]
    handler.emit(logging.LogRecord("my_app", logging.ERROR, "f.py", 1, "%d", ("text",), None))
    assert len(hive.swallowed) == 1
    hive.forgive()


def test_what_our_own_threads_log_is_left_out(hive: Captured) -> None:
    root = logging.getLogger()
    handler = HiveBoardLogHandler(hiveloop.agent("a"))
    root.addHandler(handler)
    try:
        speaker = threading.Thread(
            target=logging.getLogger("urllib3.connectionpool").warning,
            args=("Retrying",),
            name="hiveloop-sender",
        )
        speaker.start()
        speaker.join()
    finally:
        root.removeHandler(handler)
    assert hive.kinds("issue") == []
