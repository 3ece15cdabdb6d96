"""``from hiveloop.compat.waxell import WaxellContext`` in place of ``from waxell_observe import WaxellContext``.

Runs, records and policies then go to HiveBoard. ``HIVELOOP_ENDPOINT`` and ``HIVELOOP_API_KEY`` win over what the
program configures, so that a program need not change its address either.
"""

from __future__ import annotations

from ._client import WaxellObserveClient, init
from ._context import WaxellContext
from ._observe import observe
from .errors import PolicyViolationError

__all__ = ["PolicyViolationError", "WaxellContext", "WaxellObserveClient", "init", "observe"]
