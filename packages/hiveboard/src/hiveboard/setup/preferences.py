"""Settings of a namespace that people change while the collector runs: retention, thresholds, the public address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from hiveboard.errors import BadRequestError
from hiveboard.settings import SettingsError, public_address
from hiveboard.store import Document, Store

__all__ = [
    "PreferenceChange",
    "Preferences",
    "Steps",
    "Thresholds",
    "change_preferences",
    "load_preferences",
]

_KIND, _ID = "settings", "current"

Value = Annotated[float, Meta(ge=0, le=1e12)]
Days = Annotated[int, Meta(ge=1, le=3_650)]
Address = Annotated[str, Meta(min_length=1, max_length=200)]


class Steps(Struct, forbid_unknown_fields=True, frozen=True):
    """From which value on something is shown as a warning (``wait``) and as an alarm (``bad``); null: never."""

    wait: Value | None = None
    bad: Value | None = None


class Thresholds(Struct, forbid_unknown_fields=True, kw_only=True):
    """When the dashboard colours its numbers. ``success_rate`` counts downwards, the others upwards.

    Without values of their own, ``heartbeat_age_seconds`` and ``no_progress_seconds`` follow the threshold each agent
    registers with. Money is US dollars, ``avg_duration_ms`` milliseconds.
    """

    success_rate: Steps = Steps(0.95, 0.8)
    waiting_agents: Steps = Steps(1, None)
    stuck_agents: Steps = Steps(None, 1)
    error_agents: Steps = Steps(None, 1)
    cost_1h: Steps = Steps()
    avg_duration_ms: Steps = Steps()
    heartbeat_age_seconds: Steps = Steps()
    no_progress_seconds: Steps = Steps()


class ThresholdChange(Struct, forbid_unknown_fields=True, kw_only=True):
    """Thresholds to change; those that are absent stay."""

    success_rate: Steps | UnsetType = UNSET
    waiting_agents: Steps | UnsetType = UNSET
    stuck_agents: Steps | UnsetType = UNSET
    error_agents: Steps | UnsetType = UNSET
    cost_1h: Steps | UnsetType = UNSET
    avg_duration_ms: Steps | UnsetType = UNSET
    heartbeat_age_seconds: Steps | UnsetType = UNSET
    no_progress_seconds: Steps | UnsetType = UNSET


class Preferences(Struct, kw_only=True):
    """All settings. ``retention_days`` null keeps everything; ``public_url`` null: as `serve --public-url` says."""

    retention_days: Days | None = None
    public_url: Address | None = None
    thresholds: Thresholds = msgspec.field(default_factory=Thresholds)


class PreferenceChange(Struct, forbid_unknown_fields=True, kw_only=True):
    """Settings to change; those that are absent stay, null puts one back to what it was at first."""

    retention_days: Days | UnsetType | None = UNSET
    public_url: Address | UnsetType | None = UNSET
    thresholds: ThresholdChange | UnsetType | None = UNSET


async def load_preferences(store: Store, tenant: str) -> Preferences:
    """The settings of a namespace, as they are at first where nobody changed them."""
    return _read(await store.document(tenant, _KIND, _ID))


async def change_preferences(
    store: Store, tenant: str, change: PreferenceChange, now: int, require: Callable[[Preferences], None]
) -> Preferences:
    """Change what is named, unless ``require``, given the settings as they are, raises.

    Raises the 400 envelope that names what is not right.
    """

    def changed(document: Document | None) -> Document:
        have = _read(document)
        require(have)
        _apply(change, have)
        return Document(_KIND, _ID, msgspec.json.encode(have), now)

    return _read(await store.change_document(tenant, _KIND, _ID, changed))


def _read(document: Document | None) -> Preferences:
    return Preferences() if document is None else msgspec.json.decode(document.body, type=Preferences)


def _apply(change: PreferenceChange, have: Preferences) -> None:
    if change.retention_days is not UNSET:
        have.retention_days = change.retention_days
    if change.public_url is not UNSET:
        have.public_url = None if change.public_url is None else _require_address(change.public_url)
    if change.thresholds is None:
        have.thresholds = Thresholds()
    elif change.thresholds is not UNSET:
        for name in ThresholdChange.__struct_fields__:
            steps = getattr(change.thresholds, name)
            if steps is not UNSET:
                _require_order(name, steps)
                setattr(have.thresholds, name, steps)


def _require_address(text: str) -> str:
    try:
        return public_address(text)
    except SettingsError as error:
        fix = str(error)
        raise BadRequestError(f"public_url: {fix}", details={"field": "public_url", "fix": fix}) from None


def _require_order(name: str, steps: Steps) -> None:
    if steps.wait is None or steps.bad is None:
        return
    downwards = name == "success_rate"
    if (steps.bad > steps.wait) if downwards else (steps.bad < steps.wait):
        field = f"thresholds.{name}"
        fix = f"bad must be {'at most' if downwards else 'at least'} what wait is"
        raise BadRequestError(f"{field}: {fix}", details={"field": field, "fix": fix})
