"""The table of all endpoints; the router and the OpenAPI document are made from it."""

from __future__ import annotations

from . import agents, costs, events, ingest, metrics, pipeline, projects, stream, system, tasks
from .table import Endpoint

__all__ = ["ENDPOINTS"]

ENDPOINTS: tuple[Endpoint, ...] = (
    *ingest.ENDPOINTS,
    *pipeline.ENDPOINTS,
    *agents.ENDPOINTS,
    *tasks.ENDPOINTS,
    *events.ENDPOINTS,
    *metrics.ENDPOINTS,
    *costs.ENDPOINTS,
    *projects.ENDPOINTS,
    *stream.ENDPOINTS,
    *system.ENDPOINTS,
)
