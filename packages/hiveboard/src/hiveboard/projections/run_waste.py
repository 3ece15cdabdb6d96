"""What one run did in vain: attempts that failed and were made again, waits between them, calls repeated word for word."""

from __future__ import annotations

from msgspec import Struct

from hiveboard.store.insight_reading import waited_ms

from .action_tree import ActionNode, LlmNode, Told, action_tree
from .run_steps import RunStep, run_steps

__all__ = ["Loop", "RunWaste", "run_waste"]

_LOOP = 3
#: Kinds of actions that are no calls of a tool: to run the same node again is how graphs work.
_NO_TOOLS = ("node", "chain", "agent", "graph", "crew", "flow", "team", "task")


class Loop(Struct, kw_only=True):
    """A tool that was called successfully at least three times with the very same arguments."""

    name: str
    arguments: str
    times: int


class RunWaste(Struct, kw_only=True):
    """Money in US dollars (None: there were such calls and none told its price), times in milliseconds.

    Retries are attempts that failed within a run that went on, with all that happened inside them, and the waits
    before the next; loops are the second and further of identical calls with the model call that asked for each.
    """

    retry_cost: float | None
    retry_unpriced: int
    retry_ms: int
    loop_cost: float | None
    loop_unpriced: int
    loop_ms: int
    loops: list[Loop]


class _Sum:
    """Calls of models in vain: how many, what those that told cost."""

    def __init__(self) -> None:
        self.calls, self.unpriced, self.cost, self.ms = 0, 0, 0.0, 0

    def add(self, cost: float | None) -> None:
        self.calls += 1
        self.unpriced += cost is None
        self.cost += cost or 0.0

    @property
    def known(self) -> float | None:
        return None if self.calls and self.calls == self.unpriced else round(self.cost, 9)


def run_waste(told: Told) -> RunWaste:
    """What the events of one run that completed tell."""
    roots, loose = action_tree(told)
    retry, vain = _failed_attempts(roots)
    for call in loose:
        _add_failed_call(retry, call, told)
    for event, payload in told:
        if event.record.event_type == "retry_started":
            retry.ms += waited_ms(payload) or 0
    steps, arguments = run_steps(told)
    loop, loops = _repetitions(steps, arguments, vain)
    return RunWaste(
        retry_cost=retry.known,
        retry_unpriced=retry.unpriced,
        retry_ms=retry.ms,
        loop_cost=loop.known,
        loop_unpriced=loop.unpriced,
        loop_ms=loop.ms,
        loops=loops,
    )


def _failed_attempts(roots: list[ActionNode]) -> tuple[_Sum, set[str]]:
    """The outermost failed actions with all within them, and the ids of those actions."""
    found, vain = _Sum(), set()
    waiting = [(node, False) for node in roots]
    while waiting:
        node, inside = waiting.pop()
        failed = node.status == "failed"
        if failed and not inside:
            found.ms += node.duration_ms or 0
        inside = inside or failed
        if inside:
            vain.add(node.action_id)
            for call in node.llm_calls:
                found.add(call.cost)
        waiting += [(child, inside) for child in node.children]
    return found, vain


def _add_failed_call(retry: _Sum, call: LlmNode, told: Told) -> None:
    """A model call outside every action that told no tokens and no price but took time broke off."""
    if call.cost is None and call.tokens_in is None and call.tokens_out is None and _broke_off(call, told):
        retry.ms += call.duration_ms or 0


def _broke_off(call: LlmNode, told: Told) -> bool:
    for event, payload in told:
        if event.record.event_id == call.event_id:
            data = payload.get("data")
            metadata = data.get("metadata") if isinstance(data, dict) else None
            return isinstance(metadata, dict) and bool(metadata.get("error"))
    return False


def _repetitions(
    steps: list[RunStep], arguments: list[str | None], vain: set[str]
) -> tuple[_Sum, list[Loop]]:
    places: dict[tuple[str, str], list[int]] = {}
    for at, (step, given) in enumerate(zip(steps, arguments, strict=True)):
        if given is None or step.status != "success" or step.kind in _NO_TOOLS or step.action_id in vain:
            continue
        places.setdefault((step.name, given), []).append(at)
    looped = {key: found for key, found in places.items() if len(found) >= _LOOP}
    again = sorted(at for found in looped.values() for at in found[1:])
    vain_sum, asked, last = _Sum(), 0, None
    repeats = set(again)
    for at, step in enumerate(steps[: again[-1] + 1] if again else []):
        if step.kind == "llm":
            last = at
        elif at in repeats:
            vain_sum.ms += step.duration_ms or 0
            # The model call that asked for it, once: it may ask for several tools.
            if last is not None and last + 1 > asked and steps[last].action_id not in vain:
                vain_sum.add(steps[last].cost)
                vain_sum.ms += steps[last].duration_ms or 0
                asked = last + 1
    loops = [
        Loop(name=name, arguments=given[:500], times=len(found)) for (name, given), found in looped.items()
    ]
    return vain_sum, sorted(loops, key=lambda loop: (-loop.times, loop.name))
