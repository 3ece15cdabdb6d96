"""This package as the adapter registry sees it (entry point group ``hiveloop.adapters``)."""

from __future__ import annotations

from hiveloop.adapters import Adapter

from ._install import INSTALL, instrument, is_available, uninstrument

__all__ = ["adapter"]


class _AutogenAdapter(Adapter):
    """Either of two products will do."""

    __slots__ = ()

    @property
    def is_available(self) -> bool:
        return is_available()


adapter = _AutogenAdapter(
    name="autogen",
    requires=("autogen_agentchat",),
    install=INSTALL,
    instrument=instrument,
    uninstrument=uninstrument,
)
