"""Contract: the order in which events come in, and how often, changes nothing that a store says."""

from __future__ import annotations

import asyncio
import itertools
import random
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from .contract_agreement import SEARCH, differences, opened_in, stored
from .contract_opened import OpenedStore
from .random_events import equal_times_in_order, event_lists


class ArrivalContract(OpenedStore):
    """Any order, any grouping, any repetition."""

    def test_any_order_and_repetition_gives_the_same_answers(self, tmp_path: Path) -> None:
        numbers = itertools.count()
        with asyncio.Runner() as runner:
            store = runner.run(opened_in(self, tmp_path))

            @settings(SEARCH, max_examples=20)
            @given(event_lists(), st.randoms(use_true_random=False))
            def same(events: list[dict[str, Any]], chance: random.Random) -> None:
                number = next(numbers)
                expected = runner.run(stored(store, events, f"sent-{number}"))
                shuffled = [dict(one) for one in events]
                chance.shuffle(shuffled)
                shuffled = equal_times_in_order(shuffled, events)
                again = shuffled + [dict(one) for one in chance.sample(shuffled, len(shuffled) // 2)]
                found = runner.run(stored(store, again, f"shuffled-{number}"))
                assert differences(found, expected) == {}

            try:
                same()
            finally:
                runner.run(store.close())
