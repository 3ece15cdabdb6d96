"""All policies of this process, the program's own and the collector's: counts for them, checks runs, gates calls."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

import msgspec

from hiveloop._gate import MADE, add_gate, remove_gate
from hiveloop._locks import Lock
from hiveloop._runtime import runtime
from hiveloop._safety import contained

from ._approve import Approvers
from ._check import ALLOWED, PolicyCheck, PolicyViolationError, worst
from ._feed import Feed
from ._judge import judge
from ._meter import Meter
from ._request import Request, request_of
from ._rules import Approval, Function, Policy

if TYPE_CHECKING:
    from hiveloop._pipeline import Pipeline
    from hiveloop._task import Task

__all__ = ["PolicyBook", "book"]


class PolicyBook:
    """Made at the first use of policies; forgotten by ``reset``. With no policies nothing is watched or gated."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._own: list[tuple[Any, Policy]] = []
        self._numbers = itertools.count(1)
        self._feed: Feed | None = None
        self._collector: Any = None
        self._meter = Meter()
        self._approvers = Approvers()
        self.policies: tuple[Policy, ...] = ()

    # -- what holds --

    def add(self, given: Any) -> None:
        """Follow this policy from now on, in place of one with the same id."""
        policy = given if isinstance(given, Policy) else Function(judge=given, name=_name_of(given))
        with self._lock:
            if not policy.id:
                named = {"id": f"local-{next(self._numbers)}", "name": policy.name or policy.kind}
                policy = msgspec.structs.replace(policy, **named)
            self._own = [pair for pair in self._own if pair[1].id != policy.id] + [(given, policy)]
            self._rearm()

    def remove(self, which: Any) -> None:
        """Follow this one, or the one of this id, no more."""
        with self._lock:
            self._own = [
                (given, policy) for given, policy in self._own if given is not which and policy.id != which
            ]
            self._rearm()

    def clear(self) -> None:
        """Follow none of the program's own."""
        with self._lock:
            self._own = []
            self._rearm()

    def close(self) -> None:
        """Watch and gate nothing any more."""
        with self._lock:
            self._own, self._feed = [], None
            self._rearm()

    def _rearm(self) -> None:
        own = tuple(policy for _, policy in self._own)
        taken = {policy.id for policy in own}
        known = () if self._feed is None else self._feed.policies
        self.policies = (*own, *(policy for policy in known if policy.id not in taken))
        self._meter.measure_for(self.policies)
        remove_gate(self.ask)
        if self.policies:
            add_gate(self.ask, first=True)
        if runtime.pipeline is not None:
            self.join(runtime.pipeline)

    def join(self, pipeline: Pipeline) -> None:
        """Count what goes through this pipeline, while there is something to count."""
        pipeline.count_with(self._meter.watch if self.policies else None)

    # -- the collector's --

    def follow(self) -> Feed | None:
        """Keep up with the running client's collector; asks beside the calling thread where it is time to."""
        session = runtime.session
        collector = None if session is None else session.collector
        if collector is None:
            return None
        with self._lock:
            if collector != self._collector:
                self._collector = collector
                self._feed = Feed(*collector, self._changed)
            feed = self._feed
        if feed is not None:
            feed.refresh()
        return feed

    def refresh(self) -> None:
        """Called with every heartbeat."""
        if self._feed is not None:
            self._feed.refresh()

    def _changed(self) -> None:
        with self._lock:
            self._rearm()

    # -- checks --

    def check(self, request: Request) -> PolicyCheck:
        """What all policies together say of a run that is to begin or goes on."""
        return worst([judge(policy, request, self._meter) for policy in self.policies])

    def ask(self, task: Task | None, kind: str, name: str, arguments: Any) -> None:
        """The gate: counts tool calls of all, stops those of runs that asked for it."""
        counts = kind == "tool" and self._meter.counts_tools
        # Without a task it is not known whose the call is.
        if task is None or not (counts or task.enforces_calls):
            return
        request = self._call_of(task, kind, name, arguments)
        if task.enforces_calls:
            self._enforce(task, request)
        if counts:
            self._meter.count_tool_call(request)

    def _call_of(self, task: Task, kind: str, name: str, arguments: Any) -> Request:
        is_made = arguments is MADE
        model = arguments.get("model") if type(arguments) is dict else None
        if is_made:
            model = self._meter.latest_model(task.task_run_id)
        return request_of(
            task,
            "mid_execution",
            kind=kind,
            name=name,
            model=model if isinstance(model, str) else None,
            arguments=None if is_made else arguments,
            is_made=is_made,
        )

    def _enforce(self, task: Task, request: Request) -> None:
        started = time.perf_counter()
        check = self.check(request)
        if not check.blocked:
            check = worst([check, *self._approvals(task, request)])
        if check.action == "allow":
            return
        named = check.metadata
        warned = (request.run_id, str(named.get("policy_id")), str(request.name))
        if check.blocked or self._meter.is_news(*warned):
            task._tell_check(check, "mid_execution", (time.perf_counter() - started) * 1000)
        if check.blocked:
            raise PolicyViolationError(check.reason, check)

    def _approvals(self, task: Task, request: Request) -> list[PolicyCheck]:
        """Asked for in order, until one is not given; after what forbids without asking."""
        checks: list[PolicyCheck] = []
        for policy in self.policies:
            if (
                isinstance(policy, Approval)
                and request.kind == "tool"
                and request.name is not None
                and policy.is_for(request)
                and policy.asks_for(request.name)
            ):
                checks.append(self._approvers.ask(policy, task, request))
                if checks[-1].blocked:
                    break
        return checks


def _name_of(given: Any) -> str:
    name = getattr(given, "__name__", None)
    return name if isinstance(name, str) else type(given).__name__


def book() -> PolicyBook:
    """The one of this process."""
    with runtime.lock:
        if runtime.policies is None:
            runtime.policies = PolicyBook()
    found: PolicyBook = runtime.policies
    return found


@contained
def check_run(task: Task, phase: Any) -> PolicyCheck:
    """What the policies say of this run. Allowed where nothing runs or nothing is known."""
    policies = runtime.policies
    return ALLOWED if policies is None else policies.check(request_of(task, phase))
