"""An AutoGen user proxy answered from the dashboard: `python -m examples.autogen_approval`, with a collector running.

Start one with `hiveboard serve`, open the Pipeline view and press Approve or Reject. With `--auto` somebody stands in
for you. The model's answer comes from a recording.
"""

import asyncio
import sys

import hiveloop
import hiveloop_autogen
from autogen_agentchat.agents import AssistantAgent, UserProxyAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken
from autogen_ext.models.openai import OpenAIChatCompletionClient

from .stand_in import approve_when_asked, recorded

board = hiveloop.init()


async def ask_dashboard(prompt: str, cancellation_token: CancellationToken | None = None) -> str:
    """The part that matters: the id of AutoGen's request is the id of its approval."""
    decision = await board.wait_for_approval_async(
        UserProxyAgent.InputRequestContext.request_id(), timeout=600
    )
    return "approve" if decision == "approved" else f"reject: {decision.reason if decision else 'no answer'}"


async def review() -> str:
    model = OpenAIChatCompletionClient(model="gpt-4.1", api_key="recorded")
    writer = AssistantAgent("writer", model)
    owner = UserProxyAgent("owner", input_func=ask_dashboard)
    team = RoundRobinGroupChat([writer, owner], max_turns=2, name="review")
    result = await team.run(task="Write a slogan.")
    await model.close()
    return str(getattr(result.messages[-1], "content", ""))


def main() -> int:
    hiveloop_autogen.instrument(project="marketing")
    if "--auto" in sys.argv:
        approve_when_asked()
    with recorded("autogen_review"):
        print(f"The owner says: {asyncio.run(review())}")
    print("Sent." if hiveloop.flush(timeout=5) else "Not sent. Start a collector with: hiveboard serve")
    return 0


if __name__ == "__main__":
    sys.exit(main())
