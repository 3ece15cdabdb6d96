"""What any store must do, whatever database it rests on.

A store runs the whole suite with three lines in a test module::

    class TestMine(StoreContract, AgreesWithTheModel):
        def open_store(self, folder: Path, limits: Limits, on_commit: OnCommit) -> Store:
            return MyStore(...)

``folder`` is empty and gone after the test. Every test opens a store of its own, except the random comparisons: those use
a namespace of its own for every example.
"""

from __future__ import annotations

from .contract_agreement import AgreesWithTheModel
from .contract_arrival import ArrivalContract
from .contract_documents import DocumentContract
from .contract_feed import FeedContract
from .contract_fleet import FleetContract
from .contract_opened import OnCommit
from .contract_runs import RunContract
from .contract_samples import SampleContract
from .contract_sums import SumContract
from .contract_waiting import WaitingContract
from .contract_writing import WritingContract

__all__ = ["AgreesWithTheModel", "OnCommit", "StoreContract"]


class StoreContract(
    WritingContract,
    FeedContract,
    RunContract,
    FleetContract,
    WaitingContract,
    SumContract,
    SampleContract,
    DocumentContract,
    ArrivalContract,
):
    """Every test of a store that needs no other store to compare it with."""
