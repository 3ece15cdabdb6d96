"""Writes the golden batches anew: ``python tests/wire/regenerate.py``. Read the difference before you commit it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.wire.scenes import SCENES
from tests.wire.stage import GOLDEN, as_text, record


def main() -> None:
    """One file per scene; files of scenes that are gone are removed."""
    GOLDEN.mkdir(exist_ok=True)
    for file in GOLDEN.glob("*.json"):
        if file.stem not in SCENES:
            file.unlink()
    for name, scene in SCENES.items():
        (GOLDEN / f"{name}.json").write_text(as_text(record(name, scene)), encoding="utf-8")
    sys.stdout.write(f"{len(SCENES)} golden batches in {GOLDEN}\n")


if __name__ == "__main__":
    main()
