"""Approvals that policies ask for: a thread waits for the decision, an event loop is never made to."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import msgspec

from hiveloop._locks import Lock
from hiveloop._safety import attempt
from hiveloop._sanitize import sanitize

from ._check import ALLOWED, PolicyCheck
from ._request import Request
from ._rules import Approval

if TYPE_CHECKING:
    from hiveloop._task import Task

__all__ = ["Approvers"]

_MAX_ASKED = 1_000


class _Asked(msgspec.Struct):
    approval_id: str
    decision: str | None = None


class Approvers:
    """What was asked for. Of a call on an event loop the run stops, and the same call passes once it is approved."""

    def __init__(self) -> None:
        self._asked: OrderedDict[str, _Asked] = OrderedDict()
        self._lock = Lock()

    def ask(self, policy: Approval, task: Task, request: Request) -> PolicyCheck:
        """Allowed with an approval; a policy that only warns asks nobody."""
        named = {"policy": policy.label, "policy_id": policy.id, "kind": policy.kind, "tool": request.name}
        if policy.action == "warn":
            return PolicyCheck("warn", policy.reason or f"{request.name} needs an approval", named)
        if not _is_on_a_loop():
            approval_id = _request(policy, task, request)
            decision = task.wait_for_approval(approval_id, policy.timeout)
            return _verdict(policy, request, decision, {**named, "approval_id": approval_id})
        key = _key(policy, request)
        with self._lock:
            known = self._asked.get(key)
            if known is not None and known.decision is not None:
                del self._asked[key]
        if known is None:
            known = self._begin(key, policy, task, request)
        return _verdict(policy, request, known.decision, {**named, "approval_id": known.approval_id})

    def _begin(self, key: str, policy: Approval, task: Task, request: Request) -> _Asked:
        """Ask now and wait beside the loop; the decision is kept for the same call of this agent."""
        asked = _Asked(_request(policy, task, request))
        with self._lock:
            self._asked[key] = asked
            if len(self._asked) > _MAX_ASKED:
                self._asked.popitem(last=False)

        def wait() -> None:
            asked.decision = attempt(lambda: task.wait_for_approval(asked.approval_id), "approval")[1]
            if asked.decision is None:  # nobody will answer: the next call asks anew
                with self._lock:
                    self._asked.pop(key, None)

        thread = threading.Thread(target=wait, name="hiveloop-approval", daemon=True)
        attempt(thread.start, "approval")
        return asked


def _request(policy: Approval, task: Task, request: Request) -> str:
    return task.request_approval(f"{request.name} needs an approval", reason=policy.reason or None)


def _verdict(policy: Approval, request: Request, decision: str | None, named: dict[str, Any]) -> PolicyCheck:
    if decision == "approved":
        return ALLOWED
    line = f"{request.name} was {decision}" if decision else f"{request.name} waits for an approval"
    return PolicyCheck(policy.action, line, {**named, "decision": decision})


def _key(policy: Approval, request: Request) -> str:
    told = msgspec.json.encode(sanitize(request.arguments), order="deterministic")
    digest = hashlib.blake2b(told, digest_size=12).hexdigest()
    return f"{request.agent_id}\n{policy.id}\n{request.name}\n{digest}"


def _is_on_a_loop() -> bool:
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
