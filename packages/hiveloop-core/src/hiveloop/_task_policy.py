"""What a task asks of the policies: before it starts, and whenever the program wants to know."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ._arguments import amount, text
from ._clock import steady_seconds
from ._runtime import runtime
from ._safety import contained
from ._telling import Teller, present
from .events import Custom
from .payloads import PolicyCheck as PolicyCheckPayload

if TYPE_CHECKING:
    from ._agent import Agent
    from .policies import PolicyCheck

__all__ = ["TaskPolicy"]

#: How long the first run that follows the collector's policies waits for them. Later ones never do.
FIRST_ANSWER_SECONDS = 1.0
_STEP_SECONDS = 0.01


class TaskPolicy(Teller):
    """The governed half of :class:`~hiveloop.Task`. Nothing here is loaded before it is used."""

    agent: Agent
    task_id: str
    details: dict[str, Any]
    #: Whether the policies are asked before the run starts, and whether they stop its calls.
    enforces_start = False
    enforces_calls = False

    def check_policy_sync(self) -> PolicyCheck:
        """Whether this run may go on: ``action`` allow, warn, throttle or block, ``reason``, ``metadata``.

        Judges by what is known in this process, without I/O; only the very first check waits for the collector's
        policies, 1 s at most. Told as a ``policy_check`` event. Raises nothing.
        """
        self._await_policies()
        return self._checked("mid_execution")

    async def check_policy(self) -> PolicyCheck:
        """:meth:`check_policy_sync` for coroutines."""
        await self._await_policies_async()
        return self._checked("mid_execution")

    # -- before the start --

    def _admit(self) -> None:
        """Raises PolicyViolationError where a policy forbids the run; nothing is sent as part of it then."""
        self._await_policies()
        self._require_allowed()

    async def _admit_async(self) -> None:
        await self._await_policies_async()
        self._require_allowed()

    def _require_allowed(self) -> None:
        from .policies import PolicyViolationError

        started = time.perf_counter()
        check = self._check("pre_execution")
        if check.blocked:
            self._tell_refused(check, (time.perf_counter() - started) * 1000)
            raise PolicyViolationError(check.reason, check)
        self._admitted = check if check.action == "warn" else None

    def _tell_admitted(self) -> None:
        """A warning that was given before the start is told as part of the run."""
        check: PolicyCheck | None = getattr(self, "_admitted", None)
        if check is not None:
            self._admitted = None
            self._tell_check(check, "pre_execution", None)

    # -- asking --

    def _checked(self, phase: str) -> PolicyCheck:
        started = time.perf_counter()
        check = self._check(phase)
        self._tell_check(check, phase, (time.perf_counter() - started) * 1000)
        return check

    def _check(self, phase: str) -> PolicyCheck:
        from .policies._book import check_run
        from .policies._check import ALLOWED

        if runtime.pipeline is None:
            return ALLOWED
        return check_run(self, phase) or ALLOWED  # type: ignore[arg-type]

    def _follow(self) -> Any:
        """The feed of the collector's policies while its first answer is awaited, else None."""
        if runtime.pipeline is None:
            return None
        return _feed()

    def _await_policies(self) -> None:
        feed = self._follow()
        if feed is not None:
            feed.wait(FIRST_ANSWER_SECONDS)

    async def _await_policies_async(self) -> None:
        feed = self._follow()
        if feed is None:
            return
        import asyncio

        until = steady_seconds() + FIRST_ANSWER_SECONDS
        while not feed.has_asked and steady_seconds() < until:
            await asyncio.sleep(_STEP_SECONDS)

    # -- telling --

    @contained
    def _tell_check(self, check: PolicyCheck, phase: str, duration_ms: float | None) -> None:
        self._send_here(_event(check, phase, duration_ms, {}))

    @contained
    def _tell_refused(self, check: PolicyCheck, duration_ms: float) -> None:
        """Of the agent and not of the run, which there is none of."""
        self.agent.send(_event(check, "pre_execution", duration_ms, {"task_id": self.task_id}))


@contained
def _feed() -> Any:
    from .policies._book import book

    feed = book().follow()
    return None if feed is None or feed.has_asked else feed


def _event(check: PolicyCheck, phase: str, duration_ms: float | None, more: dict[str, Any]) -> Custom:
    named = check.metadata
    data = {
        "policy_name": text(named.get("policy"), 256) or "policies",
        "action": check.action,
        "category": text(named.get("kind"), 64),
        "reason": text(check.reason, 2_000) or None,
        "duration_ms": None if duration_ms is None else amount(round(duration_ms, 3), "duration_ms"),
        "phase": phase,
        "metadata": {key: value for key, value in named.items() if key not in ("policy", "kind")} or None,
        **more,
    }
    payload = PolicyCheckPayload(
        summary=text(f"{data['policy_name']}: {check.action}"), data=present(data), tags=["policy_check"]
    )
    severity = {"allow": None, "warn": "warn"}.get(check.action, "error")
    return Custom(severity=severity, payload=payload)  # type: ignore[arg-type]
