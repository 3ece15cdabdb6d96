"""What axe-core, injected into a page from the dashboard's development tools, finds wrong with it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from .tab import Tab

_SOURCE = Path(__file__).parents[2] / "packages/hiveboard/web/node_modules/axe-core/axe.min.js"
_RUN = """async () => {
  const found = await axe.run(document, {resultTypes: ['violations', 'incomplete']});
  const of = (list) => list.map((rule) => ({id: rule.id, impact: rule.impact, nodes: rule.nodes.map((node) => node.html.slice(0, 200))}));
  return {violations: of(found.violations), incomplete: of(found.incomplete), passes: found.passes.length};
}"""


def axe_source() -> str:
    """The program itself; without it the test is skipped, in CI it fails."""
    if not _SOURCE.exists():
        message = "axe-core is not installed: run 'npm ci' in packages/hiveboard/web"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return _SOURCE.read_text()


def grave_findings(tab: Tab) -> list[str]:
    """Serious and critical findings on the page as it stands, as ``rule: element``."""
    if not tab.page.evaluate("() => typeof window.axe === 'object'"):
        # Given by the debugger, not by the page: the strict policy of the page stays as it is.
        tab.page.evaluate(axe_source())
    found: dict[str, Any] = tab.page.evaluate(_RUN)
    assert found["passes"] > 10, "axe looked at nothing"
    # A name on an element that may have none is told as "to be looked at"; it is wrong all the same.
    doubts = [rule for rule in found["incomplete"] if rule["id"] == "aria-prohibited-attr"]
    grave = [rule for rule in found["violations"] if rule["impact"] in ("serious", "critical")]
    return [f"{rule['id']}: {node}" for rule in [*grave, *doubts] for node in rule["nodes"]]
