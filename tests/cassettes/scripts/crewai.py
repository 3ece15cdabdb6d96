"""What the scripted model says in the recordings of CrewAI, by the pieces of its prompts that tell the tasks apart."""

import json

from tests.model_server import Call, Fault, Script, Turn, Usage

MODEL = "gpt-4.1-mini"
_COMPACT = "gpt-4.1-nano"


def _script(about: str, *turns: Turn, model: str = MODEL) -> Script:
    return Script(model=model, about=about, turns=turns, answered_by=f"{model}-2025-04-14")


def _usage(tokens_in: int, tokens_out: int, cache_read: int = 0) -> Usage:
    return Usage(tokens_in=tokens_in, tokens_out=tokens_out, cache_read=cache_read)


def _weather(*cities: str) -> tuple[Call, ...]:
    return tuple(Call("get_weather", {"city": city}) for city in cities)


def _delegation(task: str, coworker: str) -> Call:
    return Call("delegate_work_to_coworker", {"task": task, "context": "For the menu.", "coworker": coworker})


_BROKEN = Fault(status=500, message="The server had an error while processing your request.")
_BROKEN_ONCE = Fault(status=500, message=_BROKEN.message, times=1)
_BUSY_ONCE = Fault(
    status=429, message="Rate limit reached. Please try again shortly.", retry_after_seconds=0.02, times=1
)
_TOO_LONG = Fault(
    status=400,
    kind="context_length_exceeded",
    message="This model's maximum context length is 8192 tokens. However, your messages resulted in 9120 tokens.",
    times=1,
)
_PLAN = {
    "list_of_plans_per_task": [
        {"task_number": 1, "task": "List the beans", "plan": "1. Read the shelf. 2. Write the list."},
        {"task_number": 2, "task": "Price the beans", "plan": "1. Take the list. 2. Add the prices."},
    ]
}
_REASONED = {
    "plan": "1. Look at the sky\n2. Say what you see",
    "steps": [
        {"step_number": 1, "description": "Look at the sky", "tool_to_use": None, "depends_on": []},
        {"step_number": 2, "description": "Say what you see", "tool_to_use": None, "depends_on": [1]},
    ],
    "ready": True,
}
_OBSERVED = {
    "step_completed_successfully": True,
    "key_information_learned": "The sky is blue.",
    "remaining_plan_still_valid": True,
    "suggested_refinements": None,
    "needs_full_replan": False,
    "replan_reason": None,
    "goal_already_achieved": False,
}


def _thinking() -> tuple[Script, ...]:
    """An agent that plans first: the plan, then each step and a look at its result, then the sum of it."""
    reasoned = Turn(calls=(Call("create_reasoning_plan", _REASONED),), usage=_usage(911, 96))
    return (
        _script("Create an execution plan for the following task", reasoned),
        _script("## Just completed step 1", Turn(text=json.dumps(_OBSERVED), usage=_usage(640, 51))),
        _script("## Just completed step 2", Turn(text=json.dumps(_OBSERVED), usage=_usage(655, 51))),
        _script("## Current Step\nLook at the sky", Turn(text="I see blue.", usage=_usage(420, 5))),
        _script("## Current Step\nSay what you see", Turn(text="The sky is blue.", usage=_usage(431, 6))),
        _script("## Results from each step", Turn(text="It is blue.", usage=_usage(250, 6))),
    )


SCRIPTS: tuple[Script, ...] = (
    # tools, one by one and side by side; a tool that fails
    _script(
        "weather in Oslo only",
        Turn(calls=_weather("Oslo"), usage=_usage(211, 17)),
        Turn(text="Rain in Oslo.", usage=_usage(243, 6, 128)),
    ),
    _script(
        "weather in Oslo and Bergen",
        Turn(calls=_weather("Oslo", "Bergen"), usage=_usage(212, 35)),
        Turn(text="Rain in both.", usage=_usage(287, 7, 128)),
    ),
    _script(
        "weather on the moon",
        Turn(calls=_weather("Moon"), usage=_usage(210, 16)),
        Turn(text="Nobody knows the weather there.", usage=_usage(259, 9, 128)),
    ),
    # delegation to a coworker, and a manager who delegates everything
    _script(
        "Write the weather page",
        Turn(calls=(_delegation("Check the frost dates", "Researcher"),), usage=_usage(402, 41)),
        Turn(text="The page is written: no frost before May.", usage=_usage(471, 12, 256)),
    ),
    _script("Check the frost dates", Turn(text="No frost before May.", usage=_usage(133, 8))),
    _script(
        "Plan the harvest",
        Turn(calls=(_delegation("Count the pickers", "Researcher"),), usage=_usage(512, 44)),
        Turn(text="Twelve pickers start on Monday.", usage=_usage(588, 9, 384)),
    ),
    _script("Count the pickers", Turn(text="There are twelve.", usage=_usage(140, 5))),
    # errors of the provider
    _script("Report the tide", Turn(text="High tide at noon.", usage=_usage(151, 7), fault=_BROKEN_ONCE)),
    _script("Report the swell", Turn(text="Two metres.", usage=_usage(150, 5), fault=_BUSY_ONCE)),
    _script("Report the storm", Turn(fault=_BROKEN)),
    _script(
        "Summarise the logbook",
        Turn(text="A quiet week at sea.", usage=_usage(154, 8), fault=_TOO_LONG),
        model=_COMPACT,
    ),
    # checks and people
    _script("name the harbour in full", Turn(text="Port of Bergen, Norway", usage=_usage(209, 9))),
    _script("Name the harbour", Turn(text="Bergen", usage=_usage(150, 4))),
    _script("Draft the letter", Turn(text="Dear all, the mill opens.", usage=_usage(149, 9))),
    # streaming and planning
    _script(
        "Stream the bulletin",
        Turn(text="Wind from the west, some rain, later sun.", usage=_usage(152, 13)),
    ),
    _script("Based on these tasks summary", Turn(text=json.dumps(_PLAN), usage=_usage(498, 83))),
    _script("List the beans", Turn(text="Arabica and Robusta.", usage=_usage(188, 8))),
    _script("Price the beans", Turn(text="Nine and six euros.", usage=_usage(201, 9))),
    *_thinking(),
    # a flow, and crews side by side
    _script("Write the slogan", Turn(text="Good mornings, every day.", usage=_usage(146, 8))),
    *(
        _script(
            f"Greet guest {letter}", Turn(text=f"Welcome, guest {letter}!", usage=_usage(140 + number, 6))
        )
        for number, letter in enumerate("ABCDEF")
    ),
)
