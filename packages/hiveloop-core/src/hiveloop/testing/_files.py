"""Where a test's baselines and cassettes are, and whether this run of the tests may write them."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from msgspec import Struct

__all__ = ["Files"]

_UNSAFE = re.compile(r"[^\w.\-\[\]]+")
_MOST_CHARACTERS = 120


class Files(Struct, frozen=True):
    """``folder`` is that of the test, ``test`` its file and name; ``updates`` and ``records`` come from the command line."""

    folder: Path = Path()
    test: tuple[str, str] | None = None
    updates: bool = False
    records: bool = False

    def baseline(self, given: str | Path | None) -> Path:
        """The file of a baseline: as named, or by the test's own name."""
        if given is not None:
            return self.folder / given
        if self.test is None:
            raise TypeError("assert_no_regression needs a path here: only the fixture hive knows its test")
        module, name = self.test
        return self.folder / "baselines" / module / f"{_file_name(name)}.json"

    def write(self, path: Path, content: bytes) -> None:
        """Put it there, unless it is there already: a file that did not change keeps its time."""
        if path.is_file() and path.read_bytes() == content:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def shown(self, path: Path) -> str:
        """The path as people name it: from the folder they are in, where it is below it."""
        try:
            return path.resolve().relative_to(Path.cwd()).as_posix()
        except ValueError:
            return str(path)


def _file_name(test: str) -> str:
    """A name every file system takes; where something had to be left out, a checksum tells it from its like."""
    safe = _UNSAFE.sub("-", test)[:_MOST_CHARACTERS]
    return safe if safe == test else f"{safe}-{zlib.crc32(test.encode()):08x}"
