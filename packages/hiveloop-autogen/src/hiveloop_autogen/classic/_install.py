"""Which methods of AG2 classic are followed."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hiveloop.adapters import contained

from hiveloop_autogen._options import Options
from hiveloop_autogen._patch import Patches, wrap_call, wrap_plain_call

from ._chats import ChatWatch, ReplyWatch
from ._models import ClassicModelWatch
from ._threads import Carried
from ._tools import InputWatch, function_watch

__all__ = ["is_installed", "patch_classic"]

OptionsOf = Callable[[], "Options | None"]


def is_installed() -> bool:
    """Whether the module ``autogen`` is the classic one; it is not imported to find out."""
    spec = importlib.util.find_spec("autogen")
    places = spec.submodule_search_locations if spec is not None else None
    return any((Path(place) / "agentchat" / "conversable_agent.py").is_file() for place in places or ())


def patch_classic(patches: Patches, options_of: OptionsOf) -> None:
    """Follow chats, replies, tool calls, human input and model calls of classic agents, in every subclass."""
    agents = importlib.import_module("autogen.agentchat.conversable_agent")
    clients = importlib.import_module("autogen.oai.client")
    importlib.import_module("autogen.agentchat.groupchat")
    makers = {
        "initiate_chat": _chat,
        "generate_reply": _reply,
        "execute_function": _function,
        "get_human_input": _input,
    }
    wraps: dict[str, Any] = {}
    for name, make in makers.items():
        watch = _when_installed(make, options_of)
        wraps[name] = wrap_plain_call(watch)
        wraps[f"a_{name}"] = wrap_call(watch)
    wraps["generate_oai_reply"] = Carried
    patches.replace_in_tree(agents.ConversableAgent, wraps)
    patches.replace_in_tree(
        clients.OpenAIWrapper, {"create": wrap_plain_call(_when_installed(_create, options_of))}
    )


def _when_installed(make: Any, options_of: OptionsOf) -> Any:
    @contained
    def watch(subject: Any, args: Any, kwargs: Any) -> Any:
        options = options_of()
        return None if options is None else make(subject, args, kwargs, options)

    return watch


def _given(args: Any, kwargs: Any, position: int, name: str) -> Any:
    return args[position] if len(args) > position else kwargs.get(name)


def _chat(agent: Any, args: Any, kwargs: Any, options: Options) -> ChatWatch:
    return ChatWatch(agent, _given(args, kwargs, 7, "message"), options)


def _reply(agent: Any, args: Any, kwargs: Any, options: Options) -> ReplyWatch:
    messages = _given(args, kwargs, 0, "messages")
    sender = _given(args, kwargs, 1, "sender")
    if messages is None and sender is not None:
        heard = getattr(agent, "chat_messages", None)
        messages = heard.get(sender) if isinstance(heard, dict) else None
    return ReplyWatch(agent, messages, sender, options)


def _function(agent: Any, args: Any, kwargs: Any, options: Options) -> Any:
    return function_watch(
        agent, _given(args, kwargs, 0, "func_call"), _given(args, kwargs, 1, "call_id"), options
    )


def _input(agent: Any, args: Any, kwargs: Any, options: Options) -> InputWatch:
    return InputWatch(agent, _given(args, kwargs, 0, "prompt"))


def _create(wrapper: Any, args: Any, kwargs: Any, options: Options) -> ClassicModelWatch:
    return ClassicModelWatch(wrapper, kwargs, options)
