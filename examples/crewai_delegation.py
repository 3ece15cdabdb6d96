"""A CrewAI crew that delegates, on HiveBoard: `python -m examples.crewai_delegation`, with a collector running.

Start one with `hiveboard serve`. With OPENAI_API_KEY set the answers are OpenAI's; without it they come from a
recording, so no key is needed. HIVELOOP_ENDPOINT names another collector than http://127.0.0.1:8000.
"""

import os
import sys
from contextlib import nullcontext
from pathlib import Path

import hiveloop
import hiveloop_crewai
import vcr

RECORDING = Path(__file__).resolve().parents[1] / "tests" / "cassettes" / "crewai_delegation.yaml"


def main() -> int:
    # The part that matters: init once, then one line shows every crew of the process.
    hiveloop.init()
    hiveloop_crewai.instrument(project="newsroom")

    from crewai import LLM, Agent, Crew, Task

    key = os.environ.get("OPENAI_API_KEY")
    # Only the model's traffic is replayed; what HiveLoop sends to the collector goes out as always.
    replay = vcr.VCR(record_mode="none", match_on=["method", "path"])
    others = [name for name in vcr.patch.PATCHER_NAMES if not name.startswith("httpx")]
    with nullcontext() if key else replay.use_cassette(str(RECORDING), skip_patchers=others):
        llm = LLM(model="gpt-4.1-mini", api_key=key or "recorded")
        researcher = Agent(role="Researcher", goal="Get facts right.", backstory="Checks twice.", llm=llm)
        writer = Agent(
            role="Writer",
            goal="Write it well.",
            backstory="Knows when to ask.",
            llm=llm,
            allow_delegation=True,
        )
        page = Task(
            name="weather page",
            description="Write the weather page",
            expected_output="One sentence.",
            agent=writer,
        )
        result = Crew(name="newsroom", agents=[researcher, writer], tasks=[page]).kickoff()

    print(result)
    if not hiveloop.flush(timeout=5):
        print("The collector did not take the events. Is it running? Start it with: hiveboard serve")
        return 1
    print("Sent. Open the dashboard: the writer's task, and the researcher's part in it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
