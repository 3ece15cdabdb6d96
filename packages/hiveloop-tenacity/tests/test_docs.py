"""The pages run, and name every option there is."""

from __future__ import annotations

import inspect
import logging
import re
from pathlib import Path
from typing import Any

import hiveloop
import hiveloop_tenacity
import pytest
import tenacity

ROOT = Path(__file__).resolve().parents[3]
PAGES = ["docs/tenacity.md", "packages/hiveloop-tenacity/README.md"]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_code_blocks_run(page: str) -> None:
    found = BLOCK.findall((ROOT / page).read_text())
    assert len(found) == 2
    names: dict[str, Any] = {name: getattr(tenacity, name) for name in tenacity.__all__}
    names.update(hiveloop=hiveloop, log=logging.getLogger("page"), INFO=logging.INFO)
    try:
        for code in found:
            exec(compile(code, page, "exec"), names)
        assert hasattr(type(names["call_crm"].retry), "_hiveloop_reporter")
    finally:
        hiveloop.reset()


def test_every_option_and_name_is_on_the_page() -> None:
    text = (ROOT / PAGES[0]).read_text()
    options = {
        *inspect.signature(hiveloop_tenacity.instrument).parameters,
        *inspect.signature(hiveloop_tenacity.watch).parameters,
    } - {"target"}
    missing = [name for name in (*options, *hiveloop_tenacity.__all__) if f"`{name}" not in text]
    assert [name for name in missing if name != "adapter"] == []
