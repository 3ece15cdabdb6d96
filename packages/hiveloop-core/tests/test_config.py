"""Settings: arguments, then environment, then defaults; every mistake is named with its fix."""

from __future__ import annotations

import logging
import socket
from typing import Any

import hiveloop
import pytest
from hiveloop import config

VARIABLES = (
    "API_KEY",
    "ENDPOINT",
    "ENVIRONMENT",
    "GROUP",
    "FLUSH_INTERVAL",
    "BATCH_SIZE",
    "MAX_QUEUE_SIZE",
    "DEBUG",
    "CAPTURE_CONTENT",
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(f"HIVELOOP_{name}", raising=False)


def test_defaults() -> None:
    settings = config.load({})
    assert settings.endpoint == "http://127.0.0.1:8000"
    assert settings.api_key == config.LOCAL_KEY
    assert (settings.environment, settings.group) == ("production", "default")
    assert (settings.batch_size, settings.max_queue_size, settings.flush_interval) == (100, 100_000, 5.0)
    assert settings.max_queue_bytes == 64 * 1024 * 1024


def test_none_falls_back_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIVELOOP_API_KEY", "hb_live_env")
    monkeypatch.setenv("HIVELOOP_ENDPOINT", "https://board.example.com/base/")
    monkeypatch.setenv("HIVELOOP_ENVIRONMENT", "staging")
    monkeypatch.setenv("HIVELOOP_BATCH_SIZE", "250")
    monkeypatch.setenv("HIVELOOP_CAPTURE_CONTENT", "false")
    settings = config.load({"environment": None, "api_key": None})
    assert settings.api_key == "hb_live_env"
    assert settings.endpoint == "https://board.example.com/base"
    assert settings.environment == "staging"
    assert settings.batch_size == 250
    assert settings.capture_content is False
    assert config.load({"api_key": "hb_test_given"}).api_key == "hb_test_given"


def test_what_init_is_not_told_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {
        "environment": "staging",
        "group": "g",
        "flush_interval": 2.0,
        "batch_size": 7,
        "max_queue_size": 9,
    }
    for name, value in {**said, "debug": "off", "capture_content": "no"}.items():
        monkeypatch.setenv(f"HIVELOOP_{name.upper()}", str(value))
    settings = hiveloop.init().settings
    assert {name: getattr(settings, name) for name in said} == said
    assert (settings.debug, settings.capture_content) == (False, False)
    hiveloop.shutdown(0)
    assert hiveloop.init(environment="production", capture_content=True).settings.environment == "production"


@pytest.mark.parametrize(
    ("name", "value"), [("FLUSH_INTERVAL", "soon"), ("BATCH_SIZE", "1.5"), ("DEBUG", "maybe"), ("GROUP", " ")]
)
def test_a_mistake_in_the_environment_is_named_with_its_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"HIVELOOP_{name}", value)
    with pytest.raises(hiveloop.HiveLoopConfigError, match=f"HIVELOOP_{name}") as caught:
        hiveloop.init()
    assert "None" not in str(caught.value)
    assert value.strip() in str(caught.value)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"api_key": "sk-123"}, "api_key"),
        ({"api_key": ""}, "api_key"),
        ({"api_key": "hb_live_ with space"}, "api_key"),
        ({"api_key": "hb_live_ä"}, "api_key"),
        ({"api_key": "hb_live_x\n"}, "api_key"),
        ({"api_key": 5}, "api_key"),
        ({"endpoint": "https://board.example.com"}, "api_key"),
        ({"endpoint": "board.example.com"}, "endpoint"),
        ({"endpoint": "ftp://x"}, "endpoint"),
        ({"endpoint": "http://"}, "endpoint"),
        ({"endpoint": "http://x:notaport"}, "endpoint"),
        ({"endpoint": "http://user:pw@x"}, "endpoint"),
        ({"endpoint": "http://x/?key=1"}, "endpoint"),
        ({"endpoint": 8000}, "endpoint"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 1.5}, "batch_size"),
        ({"batch_size": "many"}, "batch_size"),
        ({"batch_size": True}, "batch_size"),
        ({"max_queue_size": -1}, "max_queue_size"),
        ({"flush_interval": 0}, "flush_interval"),
        ({"flush_interval": float("nan")}, "flush_interval"),
        ({"environment": " "}, "environment"),
        ({"environment": 3}, "environment"),
        ({"debug": "maybe"}, "debug"),
    ],
)
def test_mistakes_are_named(given: dict[str, Any], field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(hiveloop.HiveLoopConfigError, match=field):
        hiveloop.init(**given)
    assert hiveloop.current_task() is None


def test_a_secret_is_not_repeated_in_the_error() -> None:
    with pytest.raises(hiveloop.HiveLoopConfigError) as caught:
        hiveloop.init(api_key="sk-verysecretvalue")
    assert "verysecret" not in str(caught.value)


@pytest.mark.parametrize(
    ("endpoint", "local"),
    [
        ("http://localhost:8000", True),
        ("http://127.0.0.5", True),
        ("http://[::1]:8000", True),
        ("http://127.example.com", False),
        ("http://10.0.0.1", False),
    ],
)
def test_loopback(endpoint: str, local: bool) -> None:
    assert config.is_loopback(endpoint) is local


def test_init_opens_no_connection_and_a_second_call_keeps_the_first(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("init must not touch the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    board = hiveloop.init(endpoint="http://127.0.0.1:9")
    with caplog.at_level(logging.WARNING, logger="hiveloop"):
        assert hiveloop.init(api_key="hb_live_other") is board
    assert "called again" in caplog.text


def test_wrong_middleware_and_prices_are_named() -> None:
    with pytest.raises(hiveloop.HiveLoopConfigError, match="middleware"):
        hiveloop.init(middleware=["redact"])  # type: ignore[list-item]
    for prices in ({"m": {"input_per_m": 1}}, {"m": 3}, {"m": {"input_per_m": -1, "output_per_m": 1}}, [1]):
        with pytest.raises(hiveloop.HiveLoopConfigError, match="prices"):
            hiveloop.init(prices=prices)  # type: ignore[arg-type]


def test_a_batch_size_beyond_what_a_request_may_hold_is_the_most_it_may(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert config.load({"batch_size": 1_000}).batch_size == 500
    assert "500 is used" in caplog.text


@pytest.mark.parametrize("middleware", [5, "redact", print])
def test_middleware_must_be_a_list(middleware: Any) -> None:
    with pytest.raises(hiveloop.HiveLoopConfigError, match="middleware"):
        hiveloop.init(middleware=middleware)
