"""What the store in memory holds: events as they came, and the rows of every summary by their keys."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

from .approval_match import ApprovalFact, match_approvals
from .documents import Document
from .records import EventRecord, Origin, StoredEvent
from .rollup import Counters
from .state import AgentState, IssueState, TaskState
from .tallies import TALLIES

__all__ = ["ApprovalEvent", "LatestItem", "MemoryData", "Place", "TenantData"]


class Place(NamedTuple):
    """What counters are split by, as a scope id stands for it."""

    project_id: str | None
    task_type: str | None
    environment: str
    group: str
    agent_version: str | None


class LatestItem(Struct):
    """The newest event of an item, when its first came, and how many there were."""

    newest: EventRecord
    first_ts: int
    events: int


class ApprovalEvent(NamedTuple):
    """An approval event: what it is matched by, and what people read of it."""

    record: EventRecord
    fact: ApprovalFact
    body: dict[str, str]


class TenantData:
    """One tenant's: a :class:`~hiveboard.store.summaries.SummarySource`. Stored rows are never changed, only replaced."""

    def __init__(self) -> None:
        self.events: list[StoredEvent] = []
        self.known: set[str] = set()
        self.runs: dict[tuple[str, str, str], TaskState] = {}
        self.fleet: dict[tuple[str, str], AgentState] = {}
        self.issues: dict[tuple[str, str, str], IssueState] = {}
        #: Runs that issues were reported in: (tenant, agent, issue, task, run).
        self.affected: set[tuple[str, str, str, str, str]] = set()
        self.latest: dict[tuple[str, str, str, str], LatestItem] = {}
        #: First and last time and number of events by (tenant, project, agent).
        self.projects: dict[tuple[str, str, str], list[int]] = {}
        self.heard: dict[tuple[str, str], int] = {}
        self.approvals: dict[str, ApprovalEvent] = {}
        self.agent_scopes: set[tuple[str, int]] = set()
        #: The finest buckets only; wider ones are summed when they are asked for.
        self.counters: dict[str, Counters] = {"activity": {}, "llm_usage": {}, "task_outcomes": {}}
        self.tallies: dict[str, Counters] = {tally.name: {} for tally in TALLIES}
        self._answers: dict[str, str] | None = {}

    def tasks(self, keys: Sequence[tuple[str, str, str]]) -> list[TaskState]:
        """Runs by (tenant, task, run), free to be changed."""
        return [copy.copy(self.runs[key]) if key in self.runs else TaskState(*key) for key in keys]

    def agent(self, key: tuple[str, str]) -> AgentState:
        """An agent by (tenant, agent), free to be changed."""
        return copy.copy(self.fleet[key]) if key in self.fleet else AgentState(*key)

    def issue(self, key: tuple[str, str, str]) -> IssueState:
        """An issue by (tenant, agent, issue), free to be changed."""
        return copy.copy(self.issues[key]) if key in self.issues else IssueState(*key)

    def add_approval(self, event: ApprovalEvent) -> None:
        """Keep a request or an answer; which belongs to which is decided when somebody asks."""
        self.approvals[event.record.event_id] = event
        self._answers = None

    def forget_approval(self, event_id: str) -> None:
        """Drop a request or an answer."""
        del self.approvals[event_id]
        self._answers = None

    @property
    def answers(self) -> dict[str, str]:
        """Event id of each answered request -> event id of its answer."""
        if self._answers is None:
            self._answers = match_approvals(event.fact for event in self.approvals.values())
        return self._answers


class MemoryData:
    """All tenants, and the numbers that stand for origins and places."""

    def __init__(self) -> None:
        self.tenants: dict[str, TenantData] = {}
        self.documents: dict[tuple[str, str], dict[str, Document]] = {}
        self.last_seq = 0
        self.origins: list[Origin] = []
        self.places: list[Place] = []
        self._origin_ids: dict[Origin, int] = {}
        self._place_ids: dict[Place, int] = {}

    def of(self, tenant: str) -> TenantData:
        """A tenant's data; an empty one that is kept nowhere when nothing came of it yet."""
        return self.tenants.get(tenant) or TenantData()

    def origin_id(self, origin: Origin) -> int:
        """The number of an origin, from 1 on."""
        number = self._origin_ids.get(origin)
        if number is None:
            self.origins.append(origin)
            number = self._origin_ids[origin] = len(self.origins)
        return number

    def place_id(self, place: Place) -> int:
        """The number of a place, from 1 on."""
        number = self._place_ids.get(place)
        if number is None:
            self.places.append(place)
            number = self._place_ids[place] = len(self.places)
        return number

    def origin(self, origin_id: int) -> Origin:
        """The origin of a number."""
        return self.origins[origin_id - 1]

    def place(self, scope_id: int) -> Place:
        """The place of a number."""
        return self.places[scope_id - 1]

    def open_runs(self, tenant: str) -> Iterator[TaskState]:
        """The runs of a tenant that have not ended."""
        return (task for task in self.of(tenant).runs.values() if task.outcome is None)
