"""The table of all endpoints; the router and the OpenAPI document are made from it."""

from __future__ import annotations

from . import (
    agents,
    alerts,
    approvals,
    costs,
    diff,
    events,
    export,
    ingest,
    insights,
    issues,
    keys,
    metrics,
    pipeline,
    policies,
    pricing,
    projects,
    session,
    sessions,
    settings,
    status,
    stream,
    system,
    tasks,
)
from .table import Endpoint

__all__ = ["ENDPOINTS"]

ENDPOINTS: tuple[Endpoint, ...] = (
    *ingest.ENDPOINTS,
    *pipeline.ENDPOINTS,
    *agents.ENDPOINTS,
    *alerts.ENDPOINTS,
    *tasks.ENDPOINTS,
    *diff.ENDPOINTS,
    *insights.ENDPOINTS,
    *approvals.ENDPOINTS,
    *issues.ENDPOINTS,
    *events.ENDPOINTS,
    *export.ENDPOINTS,
    *metrics.ENDPOINTS,
    *costs.ENDPOINTS,
    *projects.ENDPOINTS,
    *sessions.ENDPOINTS,
    *pricing.ENDPOINTS,
    *policies.ENDPOINTS,
    *settings.ENDPOINTS,
    *status.ENDPOINTS,
    *keys.ENDPOINTS,
    *session.ENDPOINTS,
    *stream.ENDPOINTS,
    *system.ENDPOINTS,
)
