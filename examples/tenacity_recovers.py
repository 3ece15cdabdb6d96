"""A tool wrapped by tenacity, on HiveBoard: `python -m examples.tenacity_recovers`, with a collector running.

Start one with `hiveboard serve`. No key and no network is needed: the CRM is a class below that has a bad morning.
The first lead recovers, the second one's retries run out (an issue opens), the third resolves the issue.
"""

import sys
from contextlib import suppress

import hiveloop
import hiveloop_tenacity
from tenacity import RetryError, retry, stop_after_attempt, wait_exponential


class Crm:
    """Answers only where this morning's log says so."""

    log = iter(["timeout", "503", "answer", "503", "503", "503", "answer"])

    def search(self, lead: str) -> str:
        if (what := next(self.log)) != "answer":
            raise ConnectionError(f"CRM: {what}")
        return f"{lead}: 250 people, last contact in March"


crm = Crm()


@retry(stop=stop_after_attempt(3), wait=wait_exponential(multiplier=0.05))
def crm_search(lead: str) -> str:
    """Written before anybody thought of watching it; nothing here knows of HiveLoop."""
    return crm.search(lead)


def main() -> int:
    # The part that matters: every retry of this process from here on. hiveloop.init(instrument=True) does it too.
    hiveloop.init()
    hiveloop_tenacity.instrument(on_give_up="issue")

    agent = hiveloop.agent("lead-desk", type="sales")
    for number, lead in enumerate(["TechNova", "Halden Coffee", "Fjord & Sons"], 1):
        with suppress(RetryError), agent.task(f"lead-{number}", project="sales", type="lead") as task:
            with agent.track_context("crm_search") as action:
                found = crm_search(lead)
                action.set_payload(hiveloop.tool_payload(args={"lead": lead}, result=found))
            task.set_payload({"lead": lead})
            print(found)

    if not hiveloop.flush(timeout=5):
        print("The collector did not take the events. Is it running? Start it with: hiveboard serve")
        return 1
    print("Sent. Open the dashboard and choose the agent lead-desk.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
