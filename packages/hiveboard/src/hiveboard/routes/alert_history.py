"""The history of alerts: what was told, to whom, and how that went."""

from __future__ import annotations

from msgspec import Struct

from .alert_views import AlertView, alert_status, alert_view
from .paging import CURSOR, LIMIT, Pagination, read_cursor, write_cursor
from .params import choice, instant, text
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]


class AlertList(Struct):
    """A page of alerts, the newest first."""

    data: list[AlertView]
    pagination: Pagination


async def list_alerts(context: Context) -> AlertList:
    """A page of the history."""
    params, found = context.params, list[AlertView]()
    before = read_cursor("alert-history", params["cursor"], tuple[str])
    more = None
    async for alert in context.services.alerts.repository.alerts(
        context.tenant, None if before is None else before[0]
    ):
        if (
            params["rule_id"] not in (None, alert.rule_id)
            or params["project_id"] not in (None, alert.project_id)
            or params["state"] not in (None, alert.state)
            or params["status"] not in (None, alert_status(alert))
            or alert.fired_at < (params["since"] or alert.fired_at)
        ):
            continue
        if len(found) == params["limit"]:
            more = (found[-1].alert_id,)
            break
        found.append(alert_view(alert))
    return AlertList(found, write_cursor("alert-history", more))


ENDPOINTS = (
    Endpoint("GET", "/v1/alerts/history", list_alerts, AlertList,
             "Alerts that were told, each with its deliveries and every try.",
             (text("rule_id", "Only alerts of this rule."), text("project_id", "Only alerts about this project."),
              choice("state", "Only these.", ("firing", "resolved", "test")),
              choice("status", "Only those whose deliveries stand so.",
                     ("pending", "delivered", "failed", "cancelled", "none")),
              instant("since", "Fired at this time or later."), LIMIT, CURSOR),
             tag="alerts", errors=(400,)),
)  # fmt: skip
