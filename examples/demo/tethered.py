"""`python -m examples.demo.tethered ARGUMENTS`: the command `hiveboard`, for as long as the one who started it lives.

Whoever starts it keeps the other end of its standard input. However that process ends, killed or with its terminal,
the system closes that end, and the collector stops as it would on Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from hiveboard.cli import main

__all__: list[str] = []


def _stop_at_end_of_input() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_stop_at_end_of_input, name="demo-tether", daemon=True).start()
    main()
