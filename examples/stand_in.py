"""Stand-ins for what a reader may not have at hand: a model's API (recorded), and a person who presses Approve."""

import os
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path

import urllib3
import vcr

RECORDINGS = Path(__file__).resolve().parents[1] / "tests" / "cassettes"

ENDPOINT = os.environ.get("HIVELOOP_ENDPOINT", "http://127.0.0.1:8000")
HEADERS = {"Authorization": f"Bearer {os.environ.get('HIVELOOP_API_KEY', 'hb_live_local')}"}


def recorded(name: str) -> AbstractContextManager[object]:
    """Answer the models' requests from a recording; what goes to the collector goes out as always."""
    others = ["urllib3", "httplib", "requests"]
    replay = vcr.VCR(record_mode="none", match_on=["method", "path"], skip_patchers=others)
    cassette: AbstractContextManager[object] = replay.use_cassette(str(RECORDINGS / f"{name}.yaml"))
    return cassette


def approve_when_asked(seconds: float = 30.0) -> None:
    """Watch for a request somebody listens for, in a thread, and approve it."""
    threading.Thread(target=_approve, args=(time.monotonic() + seconds,), daemon=True).start()


def _approve(deadline: float) -> None:
    http = urllib3.PoolManager(retries=3, timeout=5)
    while time.monotonic() < deadline:
        found = http.request("GET", f"{ENDPOINT}/v1/approvals", fields={"status": "pending"}, headers=HEADERS)
        for asked in found.json()["data"]:
            if asked["listening"]:
                answer = {"decision": "approved", "approved_by": "stand-in", "reason": "nobody is here"}
                http.request(
                    "POST", f"{ENDPOINT}/v1/approvals/{asked['event_id']}", json=answer, headers=HEADERS
                )
                return
        time.sleep(0.2)
