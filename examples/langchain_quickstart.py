"""One LangChain agent on HiveBoard: `python -m examples.langchain_quickstart`, with a collector running.

Start one with `hiveboard serve`. With OPENAI_API_KEY set the answers are OpenAI's; without it they come from a
recording, so no key is needed. HIVELOOP_ENDPOINT names another collector than http://127.0.0.1:8000.
"""

import os
import sys
from contextlib import nullcontext
from pathlib import Path

import hiveloop
import vcr
from hiveloop_langchain import HiveLoopCallbackHandler
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

RECORDING = Path(__file__).resolve().parents[1] / "tests" / "cassettes" / "wire_openai_chat_agent.yaml"


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"Rain in {city}."


def main() -> int:
    # The part that matters: init once, then give the handler to the agent.
    hiveloop.init()
    handler = HiveLoopCallbackHandler(agent="weather-reporter", project="quickstart")

    key = os.environ.get("OPENAI_API_KEY")
    # Only the model's traffic is replayed; what HiveLoop sends to the collector goes out as always.
    replay = vcr.VCR(record_mode="none", match_on=["method", "path"], skip_patchers=["urllib3", "httplib"])
    with nullcontext() if key else replay.use_cassette(str(RECORDING)):
        model = ChatOpenAI(model="gpt-4.1-mini", api_key=SecretStr(key or "recorded"))
        agent = create_agent(model, [get_weather], name="weather-reporter")
        question = HumanMessage("How is the weather in Oslo and Bergen?")
        state = agent.invoke({"messages": [question]}, {"callbacks": [handler], "run_name": "weather_report"})

    print(state["messages"][-1].text)
    if not hiveloop.flush(timeout=5):
        print("The collector did not take the events. Is it running? Start it with: hiveboard serve")
        return 1
    print("Sent. Open the dashboard and choose the agent weather-reporter.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
