"""Storing a batch in memory: what is new of it, and every summary it changes."""

from __future__ import annotations

from .approval_fact import approval_body, approval_field
from .approval_match import ApprovalFact
from .fold_latest import newest_by_item
from .memory_data import ApprovalEvent, LatestItem, MemoryData, Place, TenantData
from .records import Appended, Batch, EventRecord, Origin, Published, StoredEvent
from .rollup import FINEST, Counters, add_row
from .stretch import Stored
from .summaries import Summaries
from .tallies import DURATIONS, RUNS, TALLIES

__all__ = ["commit"]


def commit(data: MemoryData, batch: Batch) -> tuple[Appended, Published]:
    """Store a batch whole: whatever is raised on the way, nothing of it is there."""
    first_seq = data.last_seq + 1
    if not batch.records:
        return Appended(0, 0), Published(first_seq, [], {})
    tenant = data.tenants.setdefault(batch.tenant, TenantData())
    origin_id = data.origin_id(batch.origin)
    new = _new_events(data, tenant, batch, origin_id)
    changed = Summaries(tenant, {origin_id: batch.origin.process})
    changed.fold_all(new)
    changed.settle()
    origin = Origin(
        agent_version=batch.origin.agent_version,
        environment=batch.origin.environment,
        group=batch.origin.group,
    )
    records = [record for record, _ in new]
    tenant.events.extend(StoredEvent(seq, record, origin) for seq, record in enumerate(records, first_seq))
    tenant.known.update(record.event_id for record in records)
    data.last_seq += len(records)
    _merge(tenant, changed)
    published = Published(first_seq, records, {origin_id: batch.origin})
    return Appended(len(new), len(batch.records) - len(new)), published


def _new_events(data: MemoryData, tenant: TenantData, batch: Batch, origin_id: int) -> list[Stored]:
    """The events whose id is not there yet, the first of equal ones, each with its origin and its place."""
    by, new, seen = batch.origin, [], set()
    for record, payload in zip(batch.records, batch.payloads, strict=True):
        place = Place(record.project_id, record.task_type, by.environment, by.group, by.agent_version)
        record.origin_id, record.scope_id = origin_id, data.place_id(place)
        if record.event_id not in tenant.known and record.event_id not in seen:
            seen.add(record.event_id)
            new.append((record, payload))
    return new


def _merge(tenant: TenantData, changed: Summaries) -> None:
    tenant.runs.update(changed.tasks)
    tenant.fleet.update(changed.agents)
    tenant.issues.update(changed.issues)
    tenant.affected |= changed.affected
    for item, (newest, first_ts, events) in newest_by_item(changed.latest).items():
        have = tenant.latest.get(item)
        if have is not None:
            # At the same time the one that arrives now is the later one.
            newest = newest if newest.ts >= have.newest.ts else have.newest
            first_ts, events = min(have.first_ts, first_ts), have.events + events
        tenant.latest[item] = LatestItem(newest, first_ts, events)
    for project, (first, last, events) in changed.projects.items():
        had = tenant.projects.get(project, [first, last, 0])
        tenant.projects[project] = [min(had[0], first), max(had[1], last), had[2] + events]
    for process, received in changed.heard.items():
        tenant.heard[process] = max(tenant.heard.get(process, received), received)
    for record, payload in changed.approvals:
        tenant.add_approval(_approval(record, payload))
    _merge_counters(tenant, changed)


def _approval(record: EventRecord, payload: dict[str, object] | None) -> ApprovalEvent:
    fact = ApprovalFact(
        record.event_id,
        record.event_type == "approval_requested",
        record.ts,
        record.agent_id,
        record.task_id,
        approval_field(payload, "approval_id"),
    )
    return ApprovalEvent(record, fact, approval_body(payload))


def _merge_counters(tenant: TenantData, changed: Summaries) -> None:
    for name, table in tenant.counters.items():
        _add(table, getattr(changed.rollup, name), FINEST)
    for key in [key for key, row in tenant.counters["task_outcomes"].items() if not any(row[:3])]:
        del tenant.counters["task_outcomes"][key]
    tallied = changed.tallies.widened()
    for tally in TALLIES:
        _add(tenant.tallies[tally.name], tallied[tally.name], tally.grains[0])
    for tally in (RUNS, DURATIONS):
        table = tenant.tallies[tally.name]
        for key in [key for key, row in table.items() if row[0] == 0]:
            del table[key]
    tenant.agent_scopes.update((key[3], key[4]) for key in changed.rollup.activity)


def _add(table: Counters, more: Counters, grain: int) -> None:
    for key, row in more.items():
        if key[1] == grain:
            add_row(table, key, row)
