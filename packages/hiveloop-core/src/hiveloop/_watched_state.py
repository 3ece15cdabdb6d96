"""A program's working state between turns: which keys came, went or changed. Values stay here, as hashes."""

from __future__ import annotations

from typing import Any

import msgspec

from ._sanitize import sanitize, type_name

__all__ = ["WatchedState"]

_MOST_KEYS = 500


class WatchedState:
    """The shape of the state as it was last shown."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, bytes]] | None = None
        self._turn = 0
        self._mutations = 0

    def change(self, state: dict[str, Any]) -> dict[str, Any] | None:
        """What differs from the time before, as data of a ``state_mutation``; None at first and when nothing does."""
        self._turn += 1
        now = {str(key)[:128]: _shape(value) for key, value in list(state.items())[:_MOST_KEYS]}
        before, self._known = self._known, now
        if before is None:
            return None
        changes = {
            key: _difference(before.get(key), now.get(key))
            for key in sorted(before.keys() | now.keys())
            if before.get(key) != now.get(key)
        }
        if not changes:
            return None
        self._mutations += 1
        return {
            "mutation_number": self._mutations,
            "turn_number": self._turn,
            "keys_changed": list(changes),
            "changes": changes,
            "state_size": len(state),
        }


def _shape(value: Any) -> tuple[str, bytes]:
    import hashlib  # only where a state is watched

    text = msgspec.json.encode(sanitize(value), order="deterministic")
    return type_name(type(value)), hashlib.blake2b(text, digest_size=8).digest()


def _difference(before: tuple[str, bytes] | None, now: tuple[str, bytes] | None) -> dict[str, str | None]:
    action = "added" if before is None else "removed" if now is None else "modified"
    return {"action": action, "old_type": before and before[0], "new_type": now and now[0]}
