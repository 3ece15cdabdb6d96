"""This package as the adapter registry sees it (entry point group ``hiveloop.adapters``)."""

from __future__ import annotations

from hiveloop.adapters import Adapter

from ._install import instrument, uninstrument
from ._options import INSTALL

__all__ = ["adapter"]

adapter = Adapter(
    name="tenacity",
    requires=("tenacity",),
    install=INSTALL,
    instrument=instrument,
    uninstrument=uninstrument,
)
