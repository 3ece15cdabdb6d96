"""Adapters found through the entry-point group ``hiveloop.adapters``: quiet when guessed, loud when named."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from hiveloop._safety import attempt
from hiveloop.errors import AdapterUnavailable, HiveLoopConfigError, HiveLoopError

if TYPE_CHECKING:
    import inspect

__all__ = ["Adapter", "instrument", "uninstrument"]

log = logging.getLogger("hiveloop")

GROUP = "hiveloop.adapters"
#: Published as ``hiveloop-<name>``. Any other name is never put into a line that people copy into a shell.
_PUBLISHED = ("autogen", "crewai", "langchain", "tenacity")


class Adapter(NamedTuple):
    """How to turn one framework's adapter on and off. ``requires`` are importable module names."""

    name: str
    requires: tuple[str, ...]
    install: str
    instrument: Callable[..., None]
    uninstrument: Callable[[], None]

    @property
    def is_available(self) -> bool:
        """Whether the framework is installed (it is not imported to find out)."""
        return all(_is_installed(module) for module in self.requires)

    def takes(self, option: str) -> bool:
        """Whether its ``instrument`` knows this option."""
        parameters = _parameters(self.instrument)
        return option in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _parameters(fn: Callable[..., None]) -> Mapping[str, inspect.Parameter]:
    import inspect  # only where options are given

    return inspect.signature(fn).parameters


def _is_installed(module: str) -> bool:
    import importlib.util

    try:
        return importlib.util.find_spec(module) is not None
    except (
        ImportError,
        ValueError,
    ):  # a parent that is missing; a module without a spec, which somebody made
        return sys.modules.get(module) is not None


def _found() -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}


def instrument(*names: str, **options: Any) -> tuple[str, ...]:
    """Turn on the adapters of these frameworks, or without names of every framework installed.

    Options go to each adapter's own ``instrument``; without names, to those that know them. Returns the names turned
    on. Nothing is turned on where something named is wrong: a missing framework or an adapter that cannot be loaded
    raises :class:`AdapterUnavailable`, an unknown name or option :class:`HiveLoopConfigError`. A framework that was
    only guessed and is missing or broken is skipped quietly.
    """
    chosen = _named(names, options) if names else _guessed(options)
    turned_on = []
    for name, adapter in chosen.items():
        known = {option: value for option, value in options.items() if adapter.takes(option)}
        if names:
            with _Loudly(name):
                adapter.instrument(**known)
            turned_on.append(name)
        elif attempt(partial(_quietly, adapter, known), f"adapter {name}")[1]:
            turned_on.append(name)
    return tuple(turned_on)


def _named(names: Iterable[str], options: dict[str, Any]) -> dict[str, Adapter]:
    """The adapters the user asked for: all of them usable, or it is said why not."""
    found = _found()
    chosen: dict[str, Adapter] = {}
    for name in names:
        if name not in found:
            raise HiveLoopConfigError(_unknown(name, sorted(found)))
    for name in names:
        with _Loudly(name):
            adapter: Adapter = found[name].load()
        if not adapter.is_available:
            raise AdapterUnavailable(f"{adapter.name} is not installed. Try: {adapter.install}")
        for option in options:
            if not adapter.takes(option):
                raise HiveLoopConfigError(f"the adapter {name!r} has no option {option!r}; {_known(adapter)}")
        chosen[name] = adapter
    return chosen


def _unknown(name: Any, installed: list[str]) -> str:
    text = f"no adapter named {name!r:.100}; installed: {', '.join(installed) or 'none'}"
    import difflib  # only for this mistake

    near = difflib.get_close_matches(str(name), {*installed, *_PUBLISHED}, 1)
    if name in _PUBLISHED:
        return f"{text}. Try: pip install hiveloop-{name}"
    return f"{text}. Did you mean {near[0]!r}?" if near else text


def _known(adapter: Adapter) -> str:
    return f"it has: {', '.join(_parameters(adapter.instrument)) or 'none'}"


def _guessed(options: dict[str, Any]) -> dict[str, Adapter]:
    """Whatever is installed and loads. An option none of them has is a mistake, and said."""
    chosen: dict[str, Adapter] = {}
    for name, point in sorted(_found().items()):
        adapter = attempt(partial(_load, point), f"adapter {name}")[1]
        if adapter is not None:
            chosen[name] = adapter
    for option in options:
        if chosen and not any(adapter.takes(option) for adapter in chosen.values()):
            raise HiveLoopConfigError(f"no installed adapter has an option {option!r}: {', '.join(chosen)}")
    return chosen


def _load(point: Any) -> Adapter | None:
    adapter: Adapter = point.load()
    if adapter.is_available:
        return adapter
    log.debug("adapter %s skipped: its framework is not installed", adapter.name)
    return None


def _quietly(adapter: Adapter, options: dict[str, Any]) -> bool:
    try:
        adapter.instrument(**options)
    except AdapterUnavailable as missing:
        log.debug("adapter %s skipped: %s", adapter.name, missing)
        return False
    return True


class _Loudly:
    """What goes wrong inside with a named adapter comes out as ``AdapterUnavailable``, its cause attached."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, HiveLoopError):
            raise AdapterUnavailable(
                f"the adapter {self._name!r} failed: {type(error).__name__}: {error}"
            ) from error


def uninstrument(*names: str) -> None:
    """Turn adapters off again; without names, all. Unknown names, and adapters never loaded, are ignored."""
    for name, point in _found().items():
        if (not names or name in names) and point.module in sys.modules:
            attempt(partial(_turn_off, point), f"adapter {name}")


def _turn_off(point: Any) -> None:
    point.load().uninstrument()
