"""Settings of a namespace that people change while the collector runs."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from hiveboard.setup.preferences import (
    PreferenceChange,
    Preferences,
    change_preferences,
    load_preferences,
)

from .conditional import entity_tag, require_match, version_of
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]


class SettingsView(Preferences, kw_only=True):
    """All settings; ``effective_public_url`` is the address that messages link to, null when nobody named one."""

    effective_public_url: str | None


def _answer(context: Context, found: Preferences) -> Response:
    fields = {name: getattr(found, name) for name in Preferences.__struct_fields__}
    view = SettingsView(
        **fields, effective_public_url=found.public_url or context.services.settings.public_url
    )
    headers = {"ETag": entity_tag(version_of(found)), "Cache-Control": "no-cache"}
    return Response(msgspec.json.encode(view), headers=headers, media_type="application/json")


async def read_settings(context: Context) -> Response:
    """All settings."""
    return _answer(context, await load_preferences(context.store, context.tenant))


async def write_settings(context: Context) -> Response:
    """Change the settings that are named; with ``If-Match`` only when nobody changed any since."""
    change = await context.read(PreferenceChange)

    def require(known: Preferences) -> None:
        require_match(context.request, version_of(known))

    now = context.services.clock()
    return _answer(context, await change_preferences(context.store, context.tenant, change, now, require))


_CHANGE_ERRORS = (400, 403, 408, 412, 413, 415)

ENDPOINTS = (
    Endpoint("GET", "/v1/settings", read_settings, SettingsView, "Settings of this namespace.", tag="admin"),
    Endpoint(
        "PATCH", "/v1/settings", write_settings, SettingsView,
        "Change the settings that are named; the others stay. With `If-Match` (the `ETag` of GET) only when nobody "
        "changed any since.",
        tag="admin", needs="admin", body=PreferenceChange, errors=_CHANGE_ERRORS,
    ),
    Endpoint(
        "PUT", "/v1/settings", write_settings, SettingsView, "The same as PATCH.",
        tag="admin", needs="admin", body=PreferenceChange, errors=_CHANGE_ERRORS,
    ),
)  # fmt: skip
