"""Posts batches as fast as the collector takes them: ``python -m benchmarks.collector_client ADDRESS IDS TOTAL``.

Told on stdin, line by line, how many batches to send next: makes them first, untimed, then sends them over a few
connections that stay open, one request at a time on each, and answers with one line of JSON.
"""

from __future__ import annotations

import http.client
import json
import queue
import sys
import threading
import time

from benchmarks.collector_process import KEY
from benchmarks.collector_traffic import BATCH, batch

__all__ = ["CONNECTIONS"]

CONNECTIONS = 4
_HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


class _Sender(threading.Thread):
    """One connection; sends until nothing is left and notes how long each request took."""

    def __init__(self, address: str, bodies: queue.SimpleQueue[bytes]) -> None:
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection(address, timeout=60)
        self._bodies = bodies
        self.seconds: list[float] = []
        self.problem = ""

    def run(self) -> None:
        try:
            while not self.problem:
                self._send(self._bodies.get_nowait())
        except queue.Empty:
            pass
        except (OSError, http.client.HTTPException) as error:
            self.problem = f"{type(error).__name__}: {error}"
        finally:
            self._connection.close()

    def _send(self, body: bytes) -> None:
        started = time.perf_counter()
        self._connection.request("POST", "/v1/ingest", body, _HEADERS)
        answer = self._connection.getresponse()
        content = answer.read()
        self.seconds.append(time.perf_counter() - started)
        if answer.status == 429:  # busy: it asked for patience, and that time counts
            time.sleep(float(answer.headers.get("Retry-After", 1)))
            self._bodies.put(body)
        elif answer.status != 200 or json.loads(content)["accepted"] != BATCH:
            self.problem = f"{answer.status}: {content[:200]!r}"


def _send_all(address: str, bodies: list[bytes]) -> dict[str, object]:
    line: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for body in bodies:
        line.put(body)
    senders = [_Sender(address, line) for _ in range(CONNECTIONS)]
    started = time.perf_counter()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return {
        "seconds": time.perf_counter() - started,
        "latencies": [second for sender in senders for second in sender.seconds],
        "bytes": sum(map(len, bodies)),
        "problem": next((sender.problem for sender in senders if sender.problem), ""),
    }


def main() -> None:
    """Serve commands until stdin ends."""
    address, ids, total = sys.argv[1], sys.argv[2], int(sys.argv[3])
    end, sent = time.time(), 0
    for line in sys.stdin:
        count = int(line)
        bodies = [batch(number, total, ids, end) for number in range(sent, sent + count)]
        sent += count
        print("ready", flush=True)
        sys.stdin.readline()
        print(json.dumps(_send_all(address, bodies)), flush=True)


if __name__ == "__main__":
    main()
