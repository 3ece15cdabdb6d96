"""The documentation runs and is complete: code blocks are executed, public names and settings are mentioned."""

from __future__ import annotations

import inspect
import queue
import re
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import hiveloop
import pytest
from hiveloop.events import EVENT_TYPES
from hiveloop.payloads import CUSTOM_PAYLOADS
from hiveloop.testing import capture_events

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(page: Path) -> list[str]:
    return BLOCK.findall(page.read_text())


class Runnable:
    """Stands for the reader's own agent in the LangChain example."""

    def invoke(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return inputs


def namespace() -> dict[str, Any]:
    """What the examples take from the reader's program."""
    return {
        "hiveloop": hiveloop,
        "hb": types.SimpleNamespace(agent=hiveloop.agent),
        "queue": queue.Queue(),
        "prompt": "p",
        "answer": "a",
        "tool_name": "crm_search",
        "args": {"q": 1},
        "result": "found",
        "logging": __import__("logging"),
        "run_my_agent": lambda score: None,
    }


@pytest.mark.parametrize(
    "page",
    ["README.md", "docs/sdk.md", "docs/testing.md", "docs/governance.md", "packages/hiveloop-core/README.md"],
)
def test_code_blocks_run(page: str) -> None:
    found = blocks(ROOT / page)
    assert found
    names = namespace()
    try:
        with capture_events():
            names["agent"] = agent = hiveloop.agent("reader")
            for code in found:
                if "agent.invoke" in code:
                    names["agent"] = Runnable()
                if "task." in code and "task = " not in code and "as task" not in code:
                    names["task"] = agent.start_task()
                exec(compile(code, page, "exec"), names)
                names["agent"] = agent
    finally:
        hiveloop.adapters.uninstrument()
        hiveloop.reset()
        for handler in names["logging"].getLogger("my_app").handlers[:]:
            names["logging"].getLogger("my_app").removeHandler(handler)


def test_every_public_name_is_documented() -> None:
    text = (DOCS / "sdk.md").read_text()
    undocumented = [
        name
        for holder in (hiveloop.Agent, hiveloop.Task)
        for name in dir(holder)
        if not name.startswith("_")
        and inspect.isfunction(getattr(holder, name))
        and name
        not in ("configure", "register", "after_fork_in_child", "send", "beat", "emit", "say_goodbye")
        and not re.search(rf"\b{name}\b", text)
    ]
    assert undocumented == []
    settings = inspect.signature(hiveloop.init).parameters
    assert [name for name in settings if f"{name}" not in text] == []


def test_every_event_and_kind_is_documented() -> None:
    text = (DOCS / "events.md").read_text()
    assert [name for name in (*EVENT_TYPES, *CUSTOM_PAYLOADS) if f"`{name}`" not in text] == []


def test_the_generated_page_is_current() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/make_docs.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_links_lead_somewhere() -> None:
    pages = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *DOCS.glob("*.md"),
        *(ROOT / "packages").glob("*/README.md"),
    ]
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert dead == []
