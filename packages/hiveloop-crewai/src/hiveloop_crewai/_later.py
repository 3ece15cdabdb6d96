"""What is to happen once CrewAI is imported: importing it only to watch it would cost every program seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from hiveloop.adapters import attempt

__all__ = ["cancel", "once_imported"]

_PACKAGE = "crewai"


class _AfterImport(Loader):
    """The package's own loader, and then the callback."""

    def __init__(self, loader: Any, callback: Callable[[], None]) -> None:
        self._loader = loader
        self._callback = callback

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the own loader does."""
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Run the package; what it raises is its own, what the callback raises is not."""
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        cancel()
        attempt(self._callback, "hiveloop_crewai after the import of crewai")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


class _Watcher(MetaPathFinder):
    """Finds the package where the other finders find it."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Only of interest for the package itself."""
        if name != _PACKAGE:
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)) is not None:
                if spec.loader is not None:
                    spec.loader = _AfterImport(spec.loader, self._callback)
                return spec
        return None


def once_imported(callback: Callable[[], None]) -> None:
    """Call back at once when CrewAI is imported already, else right after its import."""
    if _PACKAGE in sys.modules:
        callback()
    else:
        sys.meta_path.insert(0, _Watcher(callback))


def cancel() -> None:
    """Nothing is to happen any more."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Watcher)]
