"""Nothing of one test is left for another: no observation, no open issue."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _starts_clean() -> Iterator[None]:
    yield
    import hiveloop_tenacity
    from hiveloop_tenacity._open_issues import open_issues

    hiveloop_tenacity.uninstrument()
    open_issues.clear()
