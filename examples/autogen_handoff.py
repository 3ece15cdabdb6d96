"""An AutoGen team that hands over, on HiveBoard: `python -m examples.autogen_handoff`, with a collector running.

Start one with `hiveboard serve`. With OPENAI_API_KEY set the answers are OpenAI's; without it they come from a
recording, so no key is needed. HIVELOOP_ENDPOINT names another collector than http://127.0.0.1:8000.
"""

import asyncio
import os
import sys
from contextlib import nullcontext
from pathlib import Path

import hiveloop
import hiveloop_autogen
import vcr
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import TextMentionTermination
from autogen_agentchat.teams import Swarm
from autogen_ext.models.openai import OpenAIChatCompletionClient

RECORDING = Path(__file__).resolve().parents[1] / "tests" / "cassettes" / "autogen_handoff.yaml"


def find_order(order: str) -> str:
    """Look an order up."""
    return f"{order}: one cup, 12 euros."


async def serve(key: str) -> str:
    small = OpenAIChatCompletionClient(model="gpt-4.1-mini", api_key=key)
    large = OpenAIChatCompletionClient(model="gpt-4.1", api_key=key)
    triage = AssistantAgent("triage", small, handoffs=["refunds"])
    refunds = AssistantAgent("refunds", large, tools=[find_order], reflect_on_tool_use=True)
    team = Swarm([triage, refunds], termination_condition=TextMentionTermination("DONE"), name="service")
    result = await team.run(task="I got a broken cup in order A-17.")
    await asyncio.gather(small.close(), large.close())
    return str(getattr(result.messages[-1], "content", ""))


def main() -> int:
    # The part that matters: two lines, and every team and agent of the process is on the dashboard.
    hiveloop.init()
    hiveloop_autogen.instrument(project="service-desk")

    key = os.environ.get("OPENAI_API_KEY")
    # Only the models' traffic is replayed; what HiveLoop sends to the collector goes out as always.
    replay = vcr.VCR(record_mode="none", match_on=["method", "path"], skip_patchers=["urllib3", "httplib"])
    with nullcontext() if key else replay.use_cassette(str(RECORDING)):
        print(asyncio.run(serve(key or "recorded")))
    if not hiveloop.flush(timeout=5):
        print("The collector did not take the events. Is it running? Start it with: hiveboard serve")
        return 1
    print("Sent. Open the dashboard and choose the agent service, triage or refunds.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
