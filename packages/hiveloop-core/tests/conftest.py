"""Every test starts and ends without a running client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import hiveloop
from hiveloop import _arguments, _custom, _safety


@pytest.fixture(autouse=True)
def _clean_slate() -> Iterator[None]:
    hiveloop.reset()
    _safety.swallowed.clear()
    _arguments._said.clear()
    _custom._said.clear()
    yield
    hiveloop.reset()
