"""Everything about alerts under ``/v1/alerts``."""

from __future__ import annotations

from . import alert_channels, alert_history, alert_rules

__all__ = ["ENDPOINTS"]

ENDPOINTS = (*alert_rules.ENDPOINTS, *alert_channels.ENDPOINTS, *alert_history.ENDPOINTS)
