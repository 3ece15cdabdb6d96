"""A LangGraph agent that waits for a person: `python -m examples.langgraph_approval`, with a collector running.

Start one with `hiveboard serve`, open the Pipeline view and press Approve: the refund is paid, in the same timeline.
With `--auto` somebody stands in for you. The model's answers come from a recording.
"""

import sys

import hiveloop
import hiveloop_langchain
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from .stand_in import approve_when_asked, recorded


@tool
def read_order(order: str) -> str:
    """Read an order."""
    return "Hand mill, broken crank, 84.00 EUR, bought 3 weeks ago"


@tool
def issue_refund(order: str, amount_eur: float) -> str:
    """Pay a refund to the customer."""
    return f"{amount_eur:.2f} EUR on their way for {order}"


def main() -> int:
    board = hiveloop.init()
    hiveloop_langchain.instrument(project="support")
    if "--auto" in sys.argv:
        approve_when_asked()
    with recorded("demo_refund_desk"):
        ask = [HumanInTheLoopMiddleware(interrupt_on={"issue_refund": True})]
        model = ChatAnthropic(model_name="claude-sonnet-4-6", api_key="recorded")  # type: ignore[call-arg,arg-type]
        tools, memory = [read_order, issue_refund], InMemorySaver()
        agent = create_agent(model, tools, middleware=ask, checkpointer=memory, name="refunds")
        thread: RunnableConfig = {"configurable": {"thread_id": "HC-20391"}}
        state = agent.invoke({"messages": [HumanMessage("The customer wants the money back.")]}, thread)
        # The part that matters: an interrupt's id is the id of its approval.
        decision = board.wait_for_approval(state["__interrupt__"][0].id, timeout=600)
        answer = {"type": "approve" if decision == "approved" else "reject"}
        state = agent.invoke(Command(resume={"decisions": [answer]}), thread)
        print(f"Decided: {decision}. {state['messages'][-1].text}")
    print("Sent." if hiveloop.flush(timeout=5) else "Not sent. Start a collector with: hiveboard serve")
    return 0


if __name__ == "__main__":
    sys.exit(main())
