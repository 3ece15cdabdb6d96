"""One line for every framework: quiet when guessed, loud when named, and nothing half turned on."""

from __future__ import annotations

import logging
import sys
import types
from importlib.metadata import EntryPoint
from typing import Any

import hiveloop
import pytest
from hiveloop import _client, _safety, adapters
from hiveloop.adapters import Adapter, AdapterUnavailable, _discovery

#: (adapter, "on" or "off", options)
Log = list[tuple[str, str, dict[str, Any]]]


class Installed:
    """Adapter packages as if they were installed: modules of their own behind real entry points."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.log: Log = []
        self._points: dict[str, Any] = {}
        monkeypatch.setattr(_discovery, "_found", lambda: dict(self._points))

    def add(self, name: str, requires: tuple[str, ...] = (), **more: Any) -> Adapter:
        """An adapter that takes ``project``, and what ``instrument=`` says instead."""

        def instrument(project: str | None = None) -> None:
            self.log.append((name, "on", {} if project is None else {"project": project}))

        found = Adapter(
            name=name,
            requires=requires,
            install=f"pip install 'hiveloop-{name}[{name}]'",
            instrument=more.get("instrument", instrument),
            uninstrument=more.get("uninstrument", lambda: self.log.append((name, "off", {}))),
        )
        module = types.ModuleType(f"hiveloop_test_{name}")
        module.adapter = found  # type: ignore[attr-defined]
        self._monkeypatch.setitem(sys.modules, module.__name__, module)
        self._points[name] = EntryPoint(name, f"{module.__name__}:adapter", _discovery.GROUP)
        return found

    def add_missing(self, name: str) -> None:
        """An entry point whose package cannot be imported."""
        self._points[name] = EntryPoint(name, f"hiveloop_test_gone_{name}:adapter", _discovery.GROUP)

    @property
    def on(self) -> list[str]:
        return [name for name, what, _ in self.log if what == "on"]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Installed:
    return Installed(monkeypatch)


@pytest.fixture
def swallowed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where the safety boundary swallowed something."""
    seen: list[str] = []
    monkeypatch.setattr(_safety, "listeners", [lambda error, where: seen.append(where)])
    return seen


def test_without_names_everything_installed_is_turned_on(installed: Installed, swallowed: list[str]) -> None:
    for name in ("tenacity", "crewai", "langchain"):
        installed.add(name)
    installed.add("autogen", requires=("no_such_framework_at_all",))
    assert hiveloop.instrument() == ("crewai", "langchain", "tenacity")
    assert installed.on == ["crewai", "langchain", "tenacity"]
    assert swallowed == [], "a framework that is not there is no fault"


def test_one_broken_adapter_costs_no_other(installed: Installed, swallowed: list[str]) -> None:
    def breaks() -> None:
        raise RuntimeError("its framework moved")

    installed.add_missing("autogen")
    installed.add("crewai", instrument=breaks)
    installed.add("langchain")
    assert hiveloop.instrument() == ("langchain",)
    assert swallowed == ["adapter autogen", "adapter crewai"]


def test_a_guessed_framework_of_the_wrong_version_is_skipped_quietly(
    installed: Installed, swallowed: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    def refuses() -> None:
        raise AdapterUnavailable("crewai 0.1 is too old")

    installed.add("crewai", instrument=refuses)
    with caplog.at_level(logging.DEBUG, "hiveloop"):
        assert hiveloop.instrument() == ()
    assert swallowed == []
    assert [(record.levelno, record.message) for record in caplog.records] == [
        (logging.DEBUG, "adapter crewai skipped: crewai 0.1 is too old")
    ]
    with pytest.raises(AdapterUnavailable, match="too old"):
        hiveloop.instrument("crewai")


def test_nothing_installed_is_fine(installed: Installed) -> None:
    assert hiveloop.instrument() == ()
    adapters.uninstrument()


def test_named_ones_in_their_order_and_each_once(installed: Installed) -> None:
    for name in ("crewai", "langchain", "tenacity"):
        installed.add(name)
    assert hiveloop.instrument("tenacity", "crewai", "tenacity") == ("tenacity", "crewai")
    assert installed.on == ["tenacity", "crewai"]


def test_a_missing_framework_names_its_install_line_and_nothing_is_turned_on(installed: Installed) -> None:
    installed.add("langchain")
    installed.add("crewai", requires=("no_such_framework_at_all",))
    with pytest.raises(AdapterUnavailable, match=r"pip install 'hiveloop-crewai\[crewai\]'"):
        hiveloop.instrument("langchain", "crewai")
    assert installed.on == []


def test_a_named_adapter_that_cannot_be_imported_says_why(installed: Installed) -> None:
    installed.add_missing("autogen")
    with pytest.raises(AdapterUnavailable, match="'autogen' failed: ModuleNotFoundError") as raised:
        hiveloop.instrument("autogen")
    assert isinstance(raised.value.__cause__, ModuleNotFoundError)


def test_a_named_adapter_that_fails_says_why(installed: Installed) -> None:
    def breaks() -> None:
        raise RuntimeError("its framework moved")

    installed.add("crewai", instrument=breaks)
    with pytest.raises(AdapterUnavailable, match="RuntimeError: its framework moved"):
        hiveloop.instrument("crewai")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("langchian", r"installed: langchain, tenacity. Did you mean 'langchain'\?$"),
        ("crewai", r"installed: langchain, tenacity. Try: pip install hiveloop-crewai$"),
        ("crew-ai", r"installed: langchain, tenacity. Did you mean 'crewai'\?$"),
        ("", r"installed: langchain, tenacity$"),
        ("rm -rf", r"installed: langchain, tenacity$"),
    ],
)
def test_an_unknown_name_lists_the_known_ones(installed: Installed, name: str, said: str) -> None:
    installed.add("langchain")
    installed.add("tenacity")
    with pytest.raises(hiveloop.HiveLoopConfigError, match=said):
        hiveloop.instrument("langchain", name)
    assert installed.on == []


def test_options_go_to_the_named_adapter(installed: Installed) -> None:
    installed.add("crewai")
    hiveloop.instrument("crewai", project="research")
    assert installed.log == [("crewai", "on", {"project": "research"})]


def test_a_named_adapter_refuses_an_option_it_has_not(installed: Installed) -> None:
    installed.add("crewai")
    installed.add("tenacity", instrument=lambda agent=None: installed.log.append(("tenacity", "on", {})))
    with pytest.raises(hiveloop.HiveLoopConfigError, match="'crewai' has no option 'agent'; it has: project"):
        hiveloop.instrument("tenacity", "crewai", agent="a")
    assert installed.on == []


def test_guessed_adapters_get_the_options_they_have(installed: Installed) -> None:
    installed.add("crewai")
    installed.add("tenacity", instrument=lambda: installed.log.append(("tenacity", "on", {})))
    assert hiveloop.instrument(project="research") == ("crewai", "tenacity")
    assert installed.log == [("crewai", "on", {"project": "research"}), ("tenacity", "on", {})]
    with pytest.raises(hiveloop.HiveLoopConfigError, match="no installed adapter has an option 'projcet'"):
        hiveloop.instrument(projcet="research")


def test_uninstrument_touches_only_what_was_loaded(installed: Installed, swallowed: list[str]) -> None:
    installed.add("crewai")
    installed.add("langchain")
    installed.add_missing("autogen")
    adapters.uninstrument("crewai", "nothing")
    adapters.uninstrument()
    assert [(name, what) for name, what, _ in installed.log] == [
        ("crewai", "off"),
        ("crewai", "off"),
        ("langchain", "off"),
    ]
    assert swallowed == []


def test_a_framework_without_a_spec_counts_as_there(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = types.ModuleType("hiveloop_test_stub")
    stub.__spec__ = None
    monkeypatch.setitem(sys.modules, "hiveloop_test_stub", stub)
    assert installed.add("a", requires=("hiveloop_test_stub",)).is_available
    assert not installed.add("b", requires=("hiveloop_test_gone.part",)).is_available
    monkeypatch.setitem(sys.modules, "hiveloop_test_stub", None)
    assert not installed.add("c", requires=("hiveloop_test_stub",)).is_available


@pytest.mark.parametrize("given", [True, "crewai", ["crewai"], ("crewai",)])
def test_init_turns_adapters_on(installed: Installed, given: Any) -> None:
    installed.add("crewai")
    hiveloop.init(endpoint="http://127.0.0.1:9", instrument=given)
    assert installed.on == ["crewai"]


@pytest.mark.parametrize("given", [False, [], ()])
def test_init_turns_nothing_on_by_itself(installed: Installed, given: Any) -> None:
    installed.add("crewai")
    hiveloop.init(endpoint="http://127.0.0.1:9", instrument=given)
    assert installed.on == []


def test_a_wrong_name_leaves_no_client_behind(installed: Installed) -> None:
    installed.add("crewai")
    with pytest.raises(hiveloop.HiveLoopConfigError, match="crwai"):
        hiveloop.init(endpoint="http://127.0.0.1:9", instrument=["crwai"])
    assert _client._board is None
    assert installed.on == []


def test_the_adapters_of_this_project_are_found_and_named_after_their_package() -> None:
    found = _discovery._found()
    assert {"langchain", "tenacity"} <= set(found)
    for name, point in found.items():
        assert point.value == f"hiveloop_{name}:adapter"
        assert name in _discovery._PUBLISHED
