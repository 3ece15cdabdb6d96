"""Two frameworks, one task: `python -m examples.two_frameworks`, with a collector running.

Start one with `hiveboard serve`. A LangGraph agent uses a tool that tenacity retries, inside a task of the program's
own: one timeline shows the task, the graph's nodes, the model calls with their tokens, the tool, and its retry in it.
The model's answers come from a recording, so no key is needed.
"""

import sys
from pathlib import Path

import hiveloop
import vcr
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from tenacity import retry, stop_after_attempt, wait_fixed

RECORDING = Path(__file__).resolve().parents[1] / "tests" / "cassettes" / "wire_openai_chat_agent.yaml"
busy = {"Bergen"}


@retry(stop=stop_after_attempt(3), wait=wait_fixed(0.05))
def ask_station(city: str) -> str:
    """The weather station of a city; the one in Bergen needs a second call."""
    if city in busy:
        busy.remove(city)
        raise TimeoutError(f"the station in {city} does not answer")
    return f"Rain in {city}."


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return ask_station(city)


def main() -> int:
    # The part that matters. instrument=True would turn on whatever is installed; these two are asked for by name.
    hiveloop.init(instrument=["langchain", "tenacity"])
    desk = hiveloop.agent("weather-desk", type="research")

    replay = vcr.VCR(record_mode="none", match_on=["method", "path"], skip_patchers=["urllib3", "httplib"])
    with (
        desk.task("morning-report", project="weather", type="report") as task,
        replay.use_cassette(str(RECORDING)),
    ):
        model = ChatOpenAI(model="gpt-4.1-mini", api_key=SecretStr("recorded"))
        agent = create_agent(model, [get_weather], name="reporter")
        state = agent.invoke({"messages": [HumanMessage("How is the weather in Oslo and Bergen?")]})
        task.set_payload({"report": state["messages"][-1].text})
        print(state["messages"][-1].text)

    print("Sent." if hiveloop.flush(timeout=5) else "Not sent. Start a collector with: hiveboard serve")
    return 0


if __name__ == "__main__":
    sys.exit(main())
