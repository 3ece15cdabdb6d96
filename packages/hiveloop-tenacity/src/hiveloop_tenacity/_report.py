"""The reporter: tells retries, recoveries and give-ups of the calls it watches. Nothing in it reaches the caller."""

from __future__ import annotations

import hashlib
import weakref
from typing import Any

import hiveloop
from hiveloop.adapters import attempt, captures_content, contained

from . import _nesting as nesting
from . import _translate as translate
from ._call import Call, call_of, full_name_of, max_attempts_of, modules_of, name_of, reason_of
from ._open_issues import open_issues
from ._options import Options
from ._pace import Pace
from ._place import agent_id_of, place_of
from ._same_function import note

__all__ = ["Reporter"]

_ISSUE_ID_CHARS = 256


class Reporter:
    """One set of options at work. Methods take tenacity's ``RetryCallState`` and may be called from any thread."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._pace = Pace()
        self._exclude = _Prefixes(options.exclude)
        self._include = None if options.include is None else _Prefixes(options.include)

    def watches(self, state: Any) -> bool:
        """Whether this call is in the included modules and not in the excluded ones."""
        if self._include is None and not self._exclude.names:
            return True
        modules = modules_of(state)
        for module in modules:
            if self._exclude.hold(module):
                return False
        return self._include is None or any(map(self._include.hold, modules))

    @contained
    def retrying(self, state: Any, backoff_seconds: float) -> None:
        """The last try was refused and another follows."""
        call = call_of(state)
        if call.told >= state.attempt_number:
            return
        call.told = state.attempt_number
        if call.frame is not None:
            call.frame.held = None  # what gave up inside is tried again with it
        if backoff_seconds < self.options.min_backoff_seconds:
            return
        name = self._name(state)
        place = place_of(self.options, name)
        task = hiveloop.current_task()
        held_back = self._pace.admit((place.agent_id, None if task is None else task.task_run_id, name))
        if held_back is None:
            return
        place.emit(
            translate.retry_started(
                place.action_id,
                name,
                state.attempt_number + 1,
                self._reason(state),
                round(backoff_seconds, 3),
                elapsed_seconds=_seconds(state.seconds_since_start),
                # tenacity has added the coming sleep already.
                idle_seconds=_seconds(max(0.0, state.idle_for - backoff_seconds)),
                max_attempts=max_attempts_of(state.retry_object.stop),
                depth=nesting.depth(),
                held_back=held_back,
            )
        )

    @contained
    def gave_up(self, state: Any, fallback: bool) -> None:
        """No further try. With ``fallback`` the caller gets a value instead of an error."""
        call = call_of(state)
        if call.frame is not None:
            call.frame.held = None  # the give-up around them says it all
        if state.attempt_number <= 1 or self.options.on_give_up is None:
            return
        tell, key = self._give_up(state, fallback)
        outer = nesting.around()
        if outer is None:
            tell()
        else:
            outer.hold(key, tell)

    def _give_up(self, state: Any, fallback: bool) -> tuple[Any, str]:
        """What to say, with everything it needs taken now: it may be said later, when an outer retry ends."""
        name, attempts, reason = self._name(state), state.attempt_number, self._reason(state)
        place = place_of(self.options, name)
        if self.options.on_give_up == "escalate":
            event = translate.escalated(place.action_id, name, attempts, reason, self.options.assigned_to)
            return (lambda: place.emit(event)), f"{place.agent_id}:{name}"
        full_name = self._full_name(state)
        issue_id, by = self._issue_id(place.agent_id, full_name), note(full_name, state.fn)
        elapsed = _seconds(state.seconds_since_start)

        def report() -> None:
            count = open_issues.report(issue_id, by)
            place.emit(
                translate.issue_reported(
                    place.action_id, issue_id, name, attempts, reason, count, elapsed, fallback
                )
            )

        return report, issue_id

    @contained
    def succeeded(self, state: Any) -> None:
        """A try was accepted."""
        call = call_of(state)
        self._release(call)
        if state.attempt_number <= 1 and not open_issues:
            return
        name = self._name(state)
        if state.attempt_number > 1:
            place = place_of(self.options, name)
            elapsed = _seconds(state.seconds_since_start)
            place.emit(translate.recovered(place.action_id, name, state.attempt_number, elapsed))
        if not open_issues or not self.options.resolve_on_recover:
            return
        full_name = self._full_name(state)
        issue_id = self._issue_id(agent_id_of(self.options, name), full_name)
        if open_issues.resolve(issue_id, full_name, state.fn):
            place = place_of(self.options, name)
            place.emit(translate.issue_resolved(place.action_id, issue_id, name))

    @contained
    def failed(self, state: Any) -> None:
        """The last try raised what is not tried again: the error goes its way and is told by what it fails."""
        self._release(call_of(state))

    @contained
    def unjudged(self, state: Any) -> None:
        """A loop's block was left without an error. Where an asynchronous loop is left with it, nobody says so."""
        call = call_of(state)
        if call.frame is not None and call.frame.held:
            weakref.finalize(call, nesting.release, call.frame).atexit = False

    @contained
    def left(self, state: Any) -> None:
        """A loop was left, with or without a judgement of its last try."""
        call = call_of(state)
        if call.frame is not None and call.frame.held:
            self._release(call)

    def _release(self, call: Call) -> None:
        """Nobody repeats what gave up inside this try: it stands, or the next retry around judges it."""
        if call.frame is not None:
            nesting.release(call.frame)

    def _name(self, state: Any) -> str:
        return self._chosen_name(state) or name_of(state)

    def _full_name(self, state: Any) -> str:
        return self._chosen_name(state) or full_name_of(state)

    def _chosen_name(self, state: Any) -> str | None:
        given = self.options.name
        if given is None:
            return None
        name = attempt(lambda: given(state), "name= callable of hiveloop_tenacity")[1]
        return name[:200] if isinstance(name, str) and name else None

    def _reason(self, state: Any) -> str:
        return reason_of(state.outcome, self.options.capture_content and captures_content())

    def _issue_id(self, agent_id: str, full_name: str) -> str:
        if self.options.issue_id is not None:
            return self.options.issue_id
        issue_id = f"retry:{agent_id}:{full_name}"
        if len(issue_id) <= _ISSUE_ID_CHARS:
            return issue_id
        digest = hashlib.sha256(issue_id.encode(errors="replace")).hexdigest()[:12]
        return f"{issue_id[: _ISSUE_ID_CHARS - len(digest) - 1]}#{digest}"


class _Prefixes:
    """Names of modules, each with all that is inside of it."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = frozenset(names)
        self._inside = tuple(f"{name}." for name in names)

    def hold(self, module: str) -> bool:
        """Whether this module is one of them or inside of one."""
        return module in self.names or module.startswith(self._inside)


def _seconds(value: Any) -> float | None:
    return round(float(value), 3) if isinstance(value, (int, float)) else None
