"""Chats of AG2 classic with a scripted model; prints what was told of each, and what came out."""

from __future__ import annotations

import asyncio
import json
import threading
from types import SimpleNamespace
from typing import Any

import hiveloop_autogen
from autogen import ConversableAgent, GroupChat, GroupChatManager, UserProxyAgent, register_function
from hiveloop import Intervention, _safety
from hiveloop.adapters import add_gate, remove_gate
from hiveloop.testing import capture_events


class Scripted:
    """A model client of the program's own: answers by the number of answers the conversation holds."""

    scripts: dict[str, list[Any]] = {}

    def __init__(self, config: dict[str, Any], **kwargs: Any) -> None:
        self.script = self.scripts[config["model"]]
        self.model = config["model"]

    def create(self, params: dict[str, Any]) -> Any:
        turn = sum(message["role"] == "assistant" for message in params["messages"])
        answer = self.script[min(turn, len(self.script) - 1)]
        if isinstance(answer, Exception):
            raise answer
        calls = None
        if isinstance(answer, list):
            calls = [
                SimpleNamespace(
                    id=f"c{n}",
                    type="function",
                    function=SimpleNamespace(name=name, arguments=json.dumps(given)),
                )
                for n, (name, given) in enumerate(answer)
            ]
        message = SimpleNamespace(content=None if calls else answer, tool_calls=calls, function_call=None)
        usage = SimpleNamespace(prompt_tokens=120, completion_tokens=30, total_tokens=150)
        choice = SimpleNamespace(message=message, finish_reason="tool_calls" if calls else "stop")
        return SimpleNamespace(choices=[choice], model=f"{self.model}-2026", usage=usage, cost=0.0, id="r1")

    def message_retrieval(self, response: Any) -> list[Any]:
        message = response.choices[0].message
        if not message.tool_calls:
            return [message.content]
        calls = [
            {"id": call.id, "type": "function", "function": vars(call.function)}
            for call in message.tool_calls
        ]
        return [{"role": "assistant", "content": None, "tool_calls": calls}]

    def cost(self, response: Any) -> float:
        return 0.0

    @staticmethod
    def get_usage(response: Any) -> dict[str, Any]:
        return {
            "prompt_tokens": 120,
            "completion_tokens": 30,
            "total_tokens": 150,
            "cost": 0.0,
            "model": response.model,
        }


def agent(name: str, *script: Any, **settings: Any) -> ConversableAgent:
    Scripted.scripts[name] = list(script)
    config = {"config_list": [{"model": name, "model_client_cls": "Scripted", "api_key": "k"}]}
    made = ConversableAgent(name, llm_config=config, human_input_mode="NEVER", description=name, **settings)
    made.register_model_client(model_client_cls=Scripted)
    return made


def user(**settings: Any) -> UserProxyAgent:
    settings = {"human_input_mode": "NEVER", **settings}
    return UserProxyAgent(
        "user",
        code_execution_config=False,
        is_termination_msg=lambda m: "DONE" in str(m.get("content")),
        **settings,
    )


def find(order: str) -> str:
    """Find an order."""
    return f"{order} found"


def fail(order: str) -> str:
    """Fail."""
    raise ValueError(f"no {order}")


def with_tools(*script: Any) -> tuple[UserProxyAgent, ConversableAgent]:
    person, helper = user(), agent("helper", *script)
    for function in (find, fail):
        register_function(function, caller=helper, executor=person, description=function.__doc__ or "")
    helper.register_model_client(model_client_cls=Scripted)  # telling of a tool makes a new client
    return person, helper


ASKS = [("find", {"order": "7"}), ("fail", {"order": "8"}), ("ghost", {})]


def tools() -> Any:
    person, helper = with_tools(ASKS, "DONE")
    return person.initiate_chat(helper, message="hi").summary


def tools_async() -> Any:
    async def chat() -> Any:
        person, helper = with_tools(ASKS, "DONE")
        return (await person.a_initiate_chat(helper, message="hi")).summary

    return asyncio.run(chat())


def group(method: str) -> Any:
    Scripted.scripts["manager"] = ["writer"]
    person = user()
    members = [person, agent("writer", "a slogan"), agent("critic", "good. DONE")]
    config = {"config_list": [{"model": "manager", "model_client_cls": "Scripted", "api_key": "k"}]}
    selecting = {"select_speaker_auto_llm_config": config, "select_speaker_auto_model_client_cls": Scripted}
    chat = GroupChat(
        members,
        max_round=3,
        speaker_selection_method=method,
        **(selecting if method == "auto" else {}),
    )
    manager = GroupChatManager(
        chat, name="manager", is_termination_msg=lambda m: "DONE" in str(m.get("content"))
    )
    return person.initiate_chat(manager, message="slogan please").summary


def group_round_robin() -> Any:
    return group("round_robin")


def group_auto() -> Any:
    return group("auto")


def human() -> Any:
    class Asking(UserProxyAgent):
        def get_human_input(self, prompt: str, **kwargs: Any) -> str:
            return "exit"

    person = Asking("person", human_input_mode="ALWAYS", code_execution_config=False)
    return person.initiate_chat(agent("helper", "what else?"), message="hi").summary


def failing() -> Any:
    try:
        user().initiate_chat(agent("helper", ValueError("boom")), message="hi")
    except ValueError as error:
        return str(error)
    raise AssertionError("nothing came out")


def stopped() -> Any:
    class Enough(Intervention):
        pass

    def ask(task: Any, kind: str, name: str, arguments: Any) -> None:
        assert task is not None
        if kind == "tool":
            raise Enough("stop")

    person, helper = with_tools(ASKS, "DONE")
    add_gate(ask)
    try:
        person.initiate_chat(helper, message="hi")
    except Enough as error:
        return str(error)
    finally:
        remove_gate(ask)
    return "went on"


def substituted() -> Any:
    def ask(task: Any, kind: str, name: str, arguments: Any) -> str | None:
        return "from the gate" if kind == "tool" else None

    person, helper = with_tools([("find", {"order": "7"})], "DONE")
    add_gate(ask)
    try:
        history = person.initiate_chat(helper, message="hi").chat_history
    finally:
        remove_gate(ask)
    return [message["content"] for message in history if message.get("role") == "tool"]


def in_a_thread() -> Any:
    response = user().run(recipient=agent("helper", "DONE"), message="hi", max_turns=1)
    response.process()
    return str(response.summary)


class Slow(Scripted):
    """Answers with what it was asked, the first chat last."""

    asked: dict[str, threading.Event] = {}

    def create(self, params: dict[str, Any]) -> Any:
        asked = str(params["messages"][-1]["content"])
        if asked == "one":
            self.asked["two"].wait(20)
        answer = super().create(params)
        answer.choices[0].message.content = f"DONE {asked}"
        if asked == "two":
            self.asked["two"].set()
        return answer


def shared_agent() -> Any:
    """Two asynchronous chats with one agent at the same time; its model calls run in threads of a pool."""
    Slow.asked["two"] = threading.Event()
    Scripted.scripts["helper"] = ["x"]
    config = {"config_list": [{"model": "helper", "model_client_cls": "Slow", "api_key": "k"}]}
    helper = ConversableAgent("helper", llm_config=config, human_input_mode="NEVER")
    helper.register_model_client(model_client_cls=Slow)

    async def chats() -> Any:
        people = [user_named(name) for name in ("alice", "bob")]
        found = await asyncio.gather(
            *(
                person.a_initiate_chat(helper, message=text, max_turns=1)
                for person, text in zip(people, ("one", "two"), strict=True)
            )
        )
        return [chat.chat_history[-1]["content"] for chat in found]

    return asyncio.run(chats())


def user_named(name: str) -> UserProxyAgent:
    return UserProxyAgent(
        name, human_input_mode="NEVER", code_execution_config=False, max_consecutive_auto_reply=0
    )


class NoStatus(Exception):
    @property
    def status_code(self) -> int:
        raise RuntimeError("no status")


def failing_oddly() -> Any:
    try:
        user().initiate_chat(agent("helper", NoStatus("boom")), message="hi")
    except NoStatus as error:
        return str(error)
    raise AssertionError("nothing came out")


def swallowed_stop() -> Any:
    class Enough(Intervention):
        pass

    def ask(task: Any, kind: str, name: str, arguments: Any) -> None:
        if kind == "llm":
            raise Enough("stop")

    class Swallowing(ConversableAgent):
        def generate_reply(self, *args: Any, **kwargs: Any) -> Any:
            try:
                return super().generate_reply(*args, **kwargs)
            except Exception:
                return "DONE all the same"

    config = {"config_list": [{"model": "helper", "model_client_cls": "Scripted", "api_key": "k"}]}
    Scripted.scripts["helper"] = ["DONE"]
    helper = Swallowing("helper", llm_config=config, human_input_mode="NEVER")
    helper.register_model_client(model_client_cls=Scripted)
    add_gate(ask)
    try:
        user().initiate_chat(helper, message="hi")
    except Enough as error:
        return str(error)
    finally:
        remove_gate(ask)
    return "went on"


def compared() -> Any:
    """Programs replace reply functions by comparing them with the class's own."""
    helper = agent("helper", "DONE")

    def other(self: Any, messages: Any = None, sender: Any = None, config: Any = None) -> Any:
        return True, "DONE otherwise"

    helper.replace_reply_func(ConversableAgent.generate_oai_reply, other)
    return user().initiate_chat(helper, message="hi").chat_history[-1]["content"]


SCENARIOS = (
    shared_agent,
    failing_oddly,
    swallowed_stop,
    compared,
    tools,
    tools_async,
    group_round_robin,
    group_auto,
    human,
    failing,
    stopped,
    substituted,
    in_a_thread,
)


def told(event: dict[str, Any]) -> str:
    payload = event.get("payload") or {}
    data = payload.get("data") or {}
    kind = payload.get("kind") if event["event_type"] == "custom" else event["event_type"]
    name = payload.get("action_name") or (data.get("name") if isinstance(data, dict) else None)
    return f"{event['agent_id']}: {kind}" + (f" ({name})" if name else "")


def run(scenario: Any, swallowed: list[str]) -> dict[str, Any]:
    bare = scenario()
    hiveloop_autogen.instrument(turns="tasks")
    with capture_events() as seen:
        result = scenario()
    hiveloop_autogen.uninstrument()
    events = [event for event in seen.events if event["event_type"] != "agent_registered"]
    return {
        "same": bare == result,
        "result": result,
        "story": [told(event) for event in events],
        "events": events,
        "swallowed": list(swallowed),
    }


def main() -> None:
    swallowed: list[str] = []
    _safety.listeners.append(lambda error, where: swallowed.append(f"{where}: {error!r}"))
    before = vars(ConversableAgent)["generate_reply"]
    found = {scenario.__name__: run(scenario, swallowed) for scenario in SCENARIOS}
    found["restored"] = vars(ConversableAgent)["generate_reply"] is before  # type: ignore[assignment]
    print(json.dumps(found))  # noqa: T201


main()
