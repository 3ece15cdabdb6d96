"""A LangGraph agent that asks a person: `python -m examples.langgraph_approval`, with a collector running.

Start one with `hiveboard serve`. The refund waits for an approval (the task shows as waiting), then goes on after the
answer: one task, one timeline, the request and the decision in it. The model's answers come from a recording.
"""

import sys
from pathlib import Path

import hiveloop
import hiveloop_langchain
import vcr
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

RECORDING = Path(__file__).resolve().parents[1] / "tests" / "cassettes" / "demo_refund_desk.yaml"


@tool
def read_order(order: str) -> str:
    """Read an order."""
    return "Hand mill, broken crank, 84.00 EUR, bought 3 weeks ago"


@tool
def issue_refund(order: str, amount_eur: float) -> str:
    """Pay a refund to the customer."""
    return f"{amount_eur:.2f} EUR on their way for {order}"


def main() -> int:
    # The part that matters; nothing below knows of HiveLoop.
    hiveloop.init()
    hiveloop_langchain.instrument(project="support")

    replay = vcr.VCR(record_mode="none", match_on=["method", "path"], skip_patchers=["urllib3", "httplib"])
    with replay.use_cassette(str(RECORDING)):
        ask = HumanInTheLoopMiddleware(interrupt_on={"issue_refund": True})
        model = ChatAnthropic(model_name="claude-sonnet-4-6", api_key="recorded")  # type: ignore[call-arg,arg-type]
        agent = create_agent(
            model, [read_order, issue_refund], middleware=[ask], checkpointer=InMemorySaver(), name="refunds"
        )
        thread: RunnableConfig = {"configurable": {"thread_id": "HC-20391"}}
        agent.invoke({"messages": [HumanMessage("The customer wants the money back.")]}, thread)
        print("Waiting for a person ...")  # minutes or days later, in a program of your own:
        state = agent.invoke(Command(resume={"decisions": [{"type": "approve"}]}), thread)
        print(state["messages"][-1].text)

    print("Sent." if hiveloop.flush(timeout=5) else "Not sent. Start a collector with: hiveboard serve")
    return 0


if __name__ == "__main__":
    sys.exit(main())
