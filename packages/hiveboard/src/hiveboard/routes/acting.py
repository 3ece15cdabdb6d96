"""An operator's act as an event of the agent it is about: judged and stored the way agents' own events are."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from hiveboard.errors import BadRequestError, TooManyRequestsError
from hiveboard.ingest.decode import Decoded
from hiveboard.ingest.judge import Judge
from hiveboard.ingest.wire import WireEnvelope, WireEvent
from hiveboard.store import QueueFullError
from hiveboard.store.records import Appended, Batch
from hiveboard.store.stretch import COLLECTOR

from .table import Context

__all__ = ["act_id", "store_act"]

_IDS = uuid.UUID("5b0f2a0e-4c63-5d0b-9a51-1f6a3c0f7d11")


def act_id(*identity: str) -> str:
    """The event id of an act that can happen once: the same again for the same identity."""
    return str(uuid.uuid5(_IDS, "\n".join(identity)))


async def store_act(
    context: Context,
    event: WireEvent,
    payload: dict[str, Any],
    *,
    agent_id: str,
    environment: str,
    group: str,
) -> Appended:
    """Store one event of an agent in its place; ``payload["data"]`` is marked as the collector's.

    Raises 429 when too much waits to be written, 503 when the store fails.
    """
    services, tenant = context.services, context.tenant
    rows = await services.store.agents(tenant, agent_id)
    agent = rows[0] if rows else None
    envelope = WireEnvelope(
        agent_id=agent_id,
        agent_type=agent.state.agent_type if agent else None,
        agent_version=agent.agent_version if agent else None,
        framework=agent.framework if agent else None,
        runtime=agent.runtime if agent else None,
        sdk_version=agent.sdk_version if agent else None,
        environment=environment,
        group=group,
    )
    payload["data"] = {**payload["data"], "via": COLLECTOR}
    event.payload = msgspec.Raw(msgspec.json.encode(payload))
    await services.prices.ready()
    received_at = services.clock()
    limits = services.settings.limits

    def prepare() -> Batch:
        judged = Judge(limits, services.prices).judge(Decoded(envelope, [event], []), tenant, received_at)
        if judged.refusals:
            raise BadRequestError(judged.refusals[0].message)
        return judged.batch

    try:
        return await services.store.append(prepare, len(event.payload))
    except QueueFullError:
        raise TooManyRequestsError(
            "too much is waiting to be written; try again", limits.retry_after_seconds
        ) from None
