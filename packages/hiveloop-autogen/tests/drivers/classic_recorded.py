"""Real answers to classic agents, replayed from the recording named on the command line; prints the calls told."""

from __future__ import annotations

import json
import sys
from typing import Any

import hiveloop_autogen
import vcr
import yaml
from autogen import ConversableAgent, UserProxyAgent, register_function
from hiveloop.testing import capture_events

PATH = sys.argv[1]


def calculator(a: int, b: int, operator: str) -> int:
    """A simple calculator"""
    return a + b if operator == "+" else a - b


def questions() -> list[str]:
    with open(PATH) as file:
        recorded = yaml.safe_load(file)["interactions"]
    return [json.loads(found["request"]["body"])["messages"][-1]["content"] for found in recorded]


def ask(question: str) -> None:
    config = {"config_list": [{"model": "gpt-4", "api_key": "none"}], "temperature": 0}
    helper = ConversableAgent(
        "assistant", system_message="You are a math assistant.", llm_config=config, human_input_mode="NEVER"
    )
    person = UserProxyAgent("user_proxy", human_input_mode="NEVER", code_execution_config=False)
    register_function(calculator, caller=helper, executor=person, description="A simple calculator")
    person.initiate_chat(helper, message=question, max_turns=1)


def main() -> None:
    hiveloop_autogen.instrument()
    player = vcr.VCR(record_mode="none", match_on=["method", "uri"], decode_compressed_response=True)
    with capture_events() as seen, player.use_cassette(PATH):
        for question in questions():
            ask(question)
    told: list[Any] = [event["payload"]["data"] for event in seen.kinds("llm_call")]
    print(json.dumps({"calls": told, "tasks": len(seen.of_type("task_started"))}))  # noqa: T201


main()
