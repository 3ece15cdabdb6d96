"""Small teams of scripted agents, and readers of the tree that was told."""

from __future__ import annotations

import json
from typing import Any

from autogen_agentchat.agents import AssistantAgent

from .scripted import Scripted

__all__ = ["assistant", "get_weather", "ledger", "runs", "tasks_of", "tree"]


async def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"rain in {city}"


def assistant(name: str, *script: Any, in_order: bool = False, **settings: Any) -> AssistantAgent:
    """An agent whose model says this."""
    return AssistantAgent(name, Scripted(*script, in_order=in_order), description=name, **settings)


def ledger(
    *,
    done: bool = False,
    progress: bool = True,
    speaker: str = "w",
    instruction: str = "go on",
    reason: str = "r",
) -> str:
    """What Magentic-One's orchestrator asks its model for."""
    entries = {
        "is_request_satisfied": done,
        "is_progress_being_made": progress,
        "is_in_loop": False,
        "instruction_or_question": instruction,
        "next_speaker": speaker,
    }
    return json.dumps({name: {"reason": reason, "answer": answer} for name, answer in entries.items()})


def tasks_of(seen: Any, agent: str) -> list[dict[str, Any]]:
    """The `task_started` events of an agent."""
    return [event for event in seen.of_type("task_started") if event["agent_id"] == agent]


def runs(seen: Any) -> dict[str, list[dict[str, Any]]]:
    """Events by the run they belong to."""
    found: dict[str, list[dict[str, Any]]] = {}
    for event in seen.events:
        if event.get("task_run_id"):
            found.setdefault(event["task_run_id"], []).append(event)
    return found


def tree(seen: Any, agent: str) -> list[str]:
    """What the first task of an agent holds: its actions by nesting, and its model calls where they were made."""
    run = tasks_of(seen, agent)[0]["task_run_id"]
    told = runs(seen)[run]
    names: dict[str, str] = {}
    lines = []
    for event in told:
        if event["event_type"] == "action_started":
            above = names.get(event.get("parent_action_id") or "")
            name = event["payload"]["action_name"]
            names[event["action_id"]] = f"{above} > {name}" if above else name
            lines.append(names[event["action_id"]])
        elif (event.get("payload") or {}).get("kind") == "llm_call":
            above = names.get(event.get("action_id") or "")
            name = "llm:" + event["payload"]["data"]["name"]
            lines.append(f"{above} > {name}" if above else name)
    return lines
