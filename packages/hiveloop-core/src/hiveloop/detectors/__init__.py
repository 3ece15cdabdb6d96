"""Detectors: ``init(detectors=[CycleDetector(on_detect="raise"), BudgetGuard(usd=0.50)])``.

Each is opt-in, keeps bounded state per run, and says what it finds as an ``anomaly`` event. ``on_detect`` decides what
else happens: ``"report"`` nothing; ``"nudge"`` the model reads a corrective text in place of the next tool result;
``"raise"`` the run is stopped at its next tool or model call by a typed :class:`hiveloop.Intervention`; a callable gets
the :class:`Finding`.
"""

from __future__ import annotations

from ._bloat import PromptBloatDetector
from ._budget import BudgetExceeded, BudgetGuard
from ._bursts import ErrorBurstDetector, RetryStormDetector
from ._contradiction import ContradictionDetector
from ._cycle import CycleDetected, CycleDetector
from ._detector import Call, Detector, Finding, OnDetect
from ._drift import StateDriftDetector
from ._silent_drop import SilentDropDetector
from ._stuck import StuckDetector
from ._waste import TokenWasteDetector

__all__ = [
    "BudgetExceeded",
    "BudgetGuard",
    "Call",
    "ContradictionDetector",
    "CycleDetected",
    "CycleDetector",
    "Detector",
    "ErrorBurstDetector",
    "Finding",
    "OnDetect",
    "PromptBloatDetector",
    "RetryStormDetector",
    "SilentDropDetector",
    "StateDriftDetector",
    "StuckDetector",
    "TokenWasteDetector",
]
