"""Every scene of the golden batches by name: event types, payload kinds, edges."""

from __future__ import annotations

from tests.wire.scenes import edges, governance, kinds, types
from tests.wire.stage import Scene

__all__ = ["SCENES"]

SCENES: dict[str, Scene] = {
    f"{module.PREFIX}_{name}": scene
    for module in (types, kinds, governance, edges)
    for name, scene in vars(module).items()
    if getattr(scene, "__module__", None) == module.__name__ and not name.startswith("_")
}
