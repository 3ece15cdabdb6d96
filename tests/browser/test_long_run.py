"""A run of 5,000 actions has no more in the document than a short one, wherever the reader is in it."""

from __future__ import annotations

import pytest

from .collector import Collector
from .conftest import OpenTab
from .long_run import long_story, scroll

pytestmark = pytest.mark.browser


def test_thousands_of_rows_stay_few_in_the_document(own_hive: Collector, open_tab: OpenTab) -> None:
    own_hive.tell(long_story(4_500))
    for width, height in ((1440, 900), (390, 844)):
        tab = open_tab(own_hive.url, "#/run/long-haul", width=width, height=height)
        tab.wait(".wf-row.state-failed", "tool_9_8")
        found = scroll(tab.page, 60)
        assert found["reached"] > 10_000
        assert found["rows"] <= 60
        assert tab.page.evaluate("document.querySelectorAll('*').length") < 2_500
        tab.wait(".wf-body").press("End")
        tab.wait(".wf-row.selected", "think")
