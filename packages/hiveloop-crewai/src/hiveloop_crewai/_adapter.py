"""This package as the adapter registry sees it (entry point group ``hiveloop.adapters``)."""

from __future__ import annotations

from hiveloop.adapters import Adapter

from ._install import INSTALL, instrument, uninstrument

__all__ = ["adapter"]

adapter = Adapter(
    name="crewai",
    requires=("crewai",),
    install=INSTALL,
    instrument=instrument,
    uninstrument=uninstrument,
)
