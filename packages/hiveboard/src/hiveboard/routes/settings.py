"""Settings of a namespace that people change while the collector runs."""

from __future__ import annotations

from hiveboard.setup.preferences import (
    PreferenceChange,
    Preferences,
    change_preferences,
    load_preferences,
)

from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]


class SettingsView(Preferences, kw_only=True):
    """All settings; ``effective_public_url`` is the address that messages link to, null when nobody named one."""

    effective_public_url: str | None


def _view(context: Context, found: Preferences) -> SettingsView:
    fields = {name: getattr(found, name) for name in Preferences.__struct_fields__}
    return SettingsView(
        **fields, effective_public_url=found.public_url or context.services.settings.public_url
    )


async def read_settings(context: Context) -> SettingsView:
    """All settings."""
    return _view(context, await load_preferences(context.store, context.tenant))


async def write_settings(context: Context) -> SettingsView:
    """Change the settings that are named."""
    change = await context.read(PreferenceChange)
    saved = await change_preferences(context.store, context.tenant, change, context.services.clock())
    return _view(context, saved)


_CHANGE_ERRORS = (400, 403, 408, 413, 415)

ENDPOINTS = (
    Endpoint("GET", "/v1/settings", read_settings, SettingsView, "Settings of this namespace.", tag="admin"),
    Endpoint(
        "PATCH", "/v1/settings", write_settings, SettingsView, "Change the settings that are named; the others stay.",
        tag="admin", needs="admin", body=PreferenceChange, errors=_CHANGE_ERRORS,
    ),
    Endpoint(
        "PUT", "/v1/settings", write_settings, SettingsView, "The same as PATCH.",
        tag="admin", needs="admin", body=PreferenceChange, errors=_CHANGE_ERRORS,
    ),
)  # fmt: skip
