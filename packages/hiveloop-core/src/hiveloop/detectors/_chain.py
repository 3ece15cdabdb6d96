"""All detectors of one client: shows each the events it wants, asks them before calls, and acts on what they find."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, cast

from hiveloop._buffer import Lane
from hiveloop._gate import MADE, add_gate, ask_about_made, remove_gate
from hiveloop._locks import Lock
from hiveloop._runtime import Session, runtime
from hiveloop._safety import contained, enclosed, report
from hiveloop._telling import present
from hiveloop.errors import HiveLoopConfigError, Intervention
from hiveloop.events import Custom, Event, TaskCompleted, TaskFailed
from hiveloop.payloads import CUSTOM_PAYLOADS, Anomaly

from ._detector import Call, Detector, Finding, Tell, run_of

if TYPE_CHECKING:
    from hiveloop._task import Task

__all__ = ["DetectorChain", "detector_chain"]

_MAX_PENDING = 1_000
_ENDS = frozenset({TaskCompleted, TaskFailed})
#: A detector, and its ``see`` or ``before_call`` behind a boundary of its own: one that breaks costs its finding only.
_Watcher = tuple[Callable[[str, Event], "Finding | None"], Detector]
_Asked = tuple[Callable[[Call], "Finding | None"], Detector]


def detector_chain(detectors: Any) -> DetectorChain | None:
    """The chain of ``init(detectors=…)``. Raises HiveLoopConfigError for what is no list of detectors."""
    if detectors is None:
        return None
    if isinstance(detectors, (str, Detector)) or not isinstance(detectors, Iterable):
        raise HiveLoopConfigError("detectors must be a list: wrap a single one in [ ]")
    chosen = list(detectors)
    for detector in chosen:
        if not isinstance(detector, Detector):
            hint = f"{detector.__name__}()" if isinstance(detector, type) else "an instance of a Detector"
            raise HiveLoopConfigError(f"detectors: pass {hint}, got {type(detector).__name__}")
    return DetectorChain(chosen) if chosen else None


class DetectorChain:
    """Made once per ``init``. What a detector does wrong is contained: it costs its finding and nothing else."""

    def __init__(self, detectors: list[Detector]) -> None:
        self.detectors = detectors
        seeing: dict[type, list[_Watcher]] = {}
        for detector in detectors:
            watcher = (_bounded(detector.see, enclosed), detector)
            for topic in dict.fromkeys(detector.sees):
                seeing.setdefault(topic, []).append(watcher)
        # What is found is shown to none, and all else that nobody wants to see is known as that at once.
        nobody: dict[type, tuple[_Watcher, ...]] = dict.fromkeys(CUSTOM_PAYLOADS.values(), ())
        self._seeing = {**nobody, **{topic: tuple(chosen) for topic, chosen in seeing.items()}, Anomaly: ()}
        self._seeing_kind = {kind: self._seeing[payload] for kind, payload in CUSTOM_PAYLOADS.items()}
        asked = [d for d in detectors if type(d).before_call is not Detector.before_call]
        self._asked = {
            kind: tuple((_bounded(d.before_call, contained), d) for d in asked if kind in d.asks)
            for kind in ("tool", "llm", "made")
        }
        self._may_stop = any(d.on_detect != "report" for d in detectors)
        self._session: Session | None = None
        #: What findings made from events, or before a call that has no result, came to: acted on at the run's next call.
        self._stops: OrderedDict[str, Intervention] = OrderedDict()
        self._advice: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()

    def start(self, session: Session) -> None:
        """Ask before calls of this session from now on, where there is a reason to."""
        self._session = session
        if self._may_stop or any(self._asked.values()):
            add_gate(self.ask, made=bool(self._asked["made"]))
        for detector in self.detectors:
            _start(detector, self.tell)

    def stop(self) -> None:
        """Ask no more."""
        remove_gate(self.ask)
        self._session = None
        for detector in self.detectors:
            _stop(detector)

    # -- events --

    def watch(self, lane: Lane, event: Event) -> Sequence[Event]:
        """Show an event of this lane's agent to those who want it. Returns the events that tell what they found."""
        topic = type(event)
        if topic is Custom:
            payload: Any = event.payload
            seeing = self._seeing.get(type(payload))
            if seeing is None:
                seeing = self._wanted(payload)
        else:
            if (self._stops or self._advice) and topic in _ENDS:
                self._forget(event.task_run_id)
            seeing = self._seeing.get(topic, ())
        if not seeing:
            return ()
        agent_id = event.agent_id or lane.agent_id
        told: tuple[Event, ...] = ()
        for see, detector in seeing:
            finding = see(agent_id, event)
            if finding is not None and type(finding) is Finding:
                told += self._found(detector, finding, agent_id, event)
        return told

    def _wanted(self, payload: Any) -> tuple[_Watcher, ...]:
        """Who wants to see a custom event whose payload is a dict, or of a type that derives from one we know."""
        if type(payload) is dict:
            kind = payload.get("kind")
            known = self._seeing_kind.get(kind) if type(kind) is str else None
            return self._seeing.get(Custom, ()) if known is None else known
        kinds = type(payload).__mro__
        return next((self._seeing[one] for one in kinds if one in self._seeing), self._seeing.get(Custom, ()))

    def _found(self, detector: Detector, finding: Finding, agent_id: str, event: Event) -> tuple[Event, ...]:
        said = _told(detector, finding, event) if finding.is_news else None
        self._consider(detector, finding, run_of(agent_id, event))
        return () if said is None else (said,)

    def tell(self, detector: Detector, said: Finding | Event, agent_id: str, about: Event) -> None:
        """Send what a detector says by itself, between events; ``about`` says of which run and action."""
        session = self._session
        lane = None if session is None else session.lanes.get(agent_id)
        if session is None or lane is None or runtime.session is not session:
            return
        if isinstance(said, Event):
            session.pipeline.emit(lane, _placed(said, about))
            return
        if said.is_news and (event := _told(detector, said, about)) is not None:
            session.pipeline.emit(lane, event)
        self._consider(detector, said, run_of(agent_id, about))

    def _consider(self, detector: Detector, finding: Finding, run: str) -> None:
        """Act on a finding while no call waits: what it comes to is kept for the run's next one."""
        try:
            advice = _act(detector, finding)
        except Intervention as stop:
            self._keep(self._stops, run, stop)
            self._heed_made()
        else:
            if advice is not None:
                self._keep(self._advice, run, advice)

    def _keep(self, kept: OrderedDict[str, Any], run: str, what: Any) -> None:
        with self._lock:
            kept[run] = what
            if len(kept) > _MAX_PENDING:
                kept.popitem(last=False)

    def _forget(self, run: str | None) -> None:
        with self._lock:
            is_stopped = self._stops.pop(run or "", None) is not None
            self._advice.pop(run or "", None)
        if is_stopped:
            self._heed_made()

    def _heed_made(self) -> None:
        """A call told after it was made is the last chance of a stop; while none waits, nobody asks about those."""
        if not self._asked["made"]:
            with runtime.lock:
                ask_about_made(self.ask, bool(self._stops))

    # -- calls --

    def ask(self, task: Task | None, kind: str, name: str, arguments: Any) -> str | None:
        """The gate: a text in place of the tool's result, or None. Raises the Intervention of a finding."""
        asked = self._asked.get("made" if arguments is MADE else kind, ())
        if not (asked or self._stops or self._advice) or runtime.session is not self._session:
            return None
        run = "" if task is None else task.task_run_id
        if self._stops:
            with self._lock:
                stop = self._stops.pop(run, None)
            if stop is not None:
                self._heed_made()
                raise stop
        advice = self._ask_all(asked, Call(task, kind, name, arguments, run)) if asked else None
        # Arguments are given for calls whose result the model reads; before any other one, the text waits.
        is_read = kind == "tool" and arguments is not None
        if advice is not None and not is_read:
            self._keep(self._advice, run, advice)
        return self._take_advice(run, advice) if is_read else None

    def _ask_all(self, asked: tuple[_Asked, ...], call: Call) -> str | None:
        """Ask each, and act on what it finds at once. Raises the Intervention that was asked for."""
        advice = None
        try:
            for ask, detector in asked:
                finding = ask(call)
                if finding is not None and type(finding) is Finding:
                    _report(call.task, detector, finding)
                    advice = _act(detector, finding) or advice
        except Intervention:
            for _, other in asked:
                _call_off(other, call)
                if other is detector:
                    break
            raise
        return advice

    def _take_advice(self, run: str, advice: str | None) -> str | None:
        if not self._advice:
            return advice
        with self._lock:
            return advice or self._advice.pop(run, None)


def _bounded(method: Callable[..., Any], boundary: Callable[..., Any]) -> Callable[..., Any]:
    """A detector's method inside a boundary. Of ``see`` nothing comes out but what it returns, no Intervention either."""
    if not isinstance(method, MethodType) or not isinstance(method.__func__, FunctionType):
        return cast(Callable[..., Any], boundary(lambda *given: method(*given)))
    try:
        return MethodType(boundary(method.__func__), method.__self__)
    except TypeError:
        raise HiveLoopConfigError(
            f"{method.__qualname__} must be a plain function, neither async nor a generator"
        ) from None


@contained
def _start(detector: Detector, tell: Tell) -> None:
    detector.start(tell)


@contained
def _stop(detector: Detector) -> None:
    detector.stop()


@contained
def _call_off(detector: Detector, call: Call) -> None:
    detector.call_off(call)


@contained
def _act(detector: Detector, finding: Finding) -> str | None:
    """What a finding comes to: a text for the model, or None. Raises the Intervention that was asked for."""
    how = detector.on_detect
    if how == "report":
        return None
    if how == "nudge":
        return finding.advice or finding.message
    if how == "raise":
        raise finding.error(finding.message)
    answer: Any = _answer(how, finding) if callable(how) else None
    return answer if type(answer) is str and answer else None


def _answer(decide: Callable[[Finding], Any], finding: Finding) -> Any:
    """What the program's own function says. It may stop the run, and no other error of it comes out."""
    try:
        return decide(finding)
    except HiveLoopConfigError as error:
        report(error, "on_detect")
        return None


@contained
def _report(task: Task | None, detector: Detector, finding: Finding) -> None:
    if finding.is_news and task is not None:
        task.emit(Custom(payload=_anomaly(detector, finding)))


@contained
def _told(detector: Detector, finding: Finding, about: Event) -> Event:
    """The anomaly as an event of the same agent, run and action."""
    return _placed(Custom(payload=_anomaly(detector, finding)), about)


def _placed(said: Event, about: Event) -> Event:
    said.agent_id, said.task_id, said.task_run_id = about.agent_id, about.task_id, about.task_run_id
    said.task_type, said.project_id, said.action_id = about.task_type, about.project_id, about.action_id
    return said


def _anomaly(detector: Detector, finding: Finding) -> Anomaly:
    how = detector.on_detect
    data = {
        "detector": finding.detector,
        "message": finding.message,
        "on_detect": how if isinstance(how, str) else "callable",
        **present(finding.data),
    }
    return Anomaly(summary=finding.message[:512], data=data, tags=["anomaly", finding.detector])
