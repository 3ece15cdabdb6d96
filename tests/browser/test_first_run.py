"""An empty page teaches: a recipe for each framework that runs as it stands, and the page turns live by itself."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys

import pytest

from .collector import Collector
from .conftest import OpenTab
from .tab import Tab

pytestmark = pytest.mark.browser

FRAMEWORKS = {
    "LangChain and LangGraph": "hiveloop_langchain",
    "CrewAI": "hiveloop_crewai",
    "AutoGen and AG2": "hiveloop_autogen",
    "tenacity": "hiveloop_tenacity",
    "Plain Python": "hiveloop",
}


def copied(tab: Tab, button: str) -> str:
    """What a copy button puts on the clipboard."""
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.page.get_by_role("button", name=button, exact=True).click()
    tab.page.get_by_role("button", name=button, exact=True).get_by_text("Copied").wait_for()
    return str(tab.page.evaluate("navigator.clipboard.readText()"))


def test_there_is_a_recipe_for_each_framework(own_hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(own_hive.url)
    tab.wait("h1", "No agents yet")
    assert tab.texts(".recipe h2") == list(FRAMEWORKS)
    for title, module in FRAMEWORKS.items():
        install = copied(tab, f"Copy the install line for {title}")
        package = "hiveloop-core" if module == "hiveloop" else module.replace("_", "-")
        assert install == f"pip install {package}"
        code = copied(tab, f"Copy the lines for {title}")
        assert f'hiveloop.init(endpoint="{own_hive.url}")' in code
        imported = [
            name.name
            for node in ast.walk(ast.parse(code))
            if isinstance(node, ast.Import)
            for name in node.names
        ]
        assert module in imported
        assert all(importlib.util.find_spec(name) for name in imported)


def test_the_page_turns_live_at_the_first_heartbeat(own_hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(own_hive.url)
    tab.wait("h1", "No agents yet")
    code = copied(tab, "Copy the lines for Plain Python")
    tab.wait(".live", "Live")
    tab.page.evaluate("() => { window.untouched = true; }")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HIVELOOP_")}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env=environment)
    tab.wait(".card", "my-agent")
    tab.wait(".tt-row", "first-task")
    tab.wait(".wf-row", "look something up")
    assert tab.page.evaluate("() => window.untouched === true")


@pytest.mark.parametrize("view", ["tasks", "activity", "costs", "pipeline", "insights", "sessions", "wall"])
def test_every_view_of_an_empty_collector_teaches(own_hive: Collector, open_tab: OpenTab, view: str) -> None:
    tab = open_tab(own_hive.url, f"#/{view}")
    tab.wait("h1", "No agents yet")
    tab.wait(".nav a", "Settings")
