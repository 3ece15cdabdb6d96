"""``python -m hiveloop``: the same commands as ``hiveloop``."""

from __future__ import annotations

import sys

from hiveloop.commands.main import main

if __name__ == "__main__":
    sys.exit(main(prog="python -m hiveloop"))
