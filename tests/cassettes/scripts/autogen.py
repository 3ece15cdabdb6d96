"""What the models say in the recordings of AutoGen: one model a participant, because they all hear the same task."""

import json

from tests.model_server import Call, Fault, Script, Turn, Usage

_BUSY = Fault(status=429, message="Rate limit reached.", retry_after_seconds=0.02, times=1)
_QUOTA = Fault(status=429, kind="insufficient_quota", message="You exceeded your current quota.")
_POEM = "Steam climbs from the cup"


def _script(model: str, about: str, *turns: Turn) -> Script:
    return Script(model=model, about=about, turns=turns, answered_by=f"{model}-2025-04-14")


def _says(text: str, tokens_in: int, tokens_out: int, **more: int) -> Turn:
    return Turn(text=text, usage=Usage(tokens_in=tokens_in, tokens_out=tokens_out, **more))


def _calls(tokens_in: int, tokens_out: int, *calls: Call) -> Turn:
    return Turn(calls=calls, usage=Usage(tokens_in=tokens_in, tokens_out=tokens_out))


def _ledger(instruction: str, *, progress: bool) -> str:
    answers = {
        "is_request_satisfied": False,
        "is_progress_being_made": progress,
        "is_in_loop": False,
        "instruction_or_question": instruction,
        "next_speaker": "poet",
    }
    reason = "There is a poem, but nothing new." if not progress else "The work goes on."
    return json.dumps({name: {"reason": reason, "answer": answer} for name, answer in answers.items()})


_WEATHER = (
    _calls(96, 48, Call("get_weather", {"city": "Oslo"}), Call("get_weather", {"city": "Bergen"})),
    _says("Rain in both: take an umbrella.", 187, 19, cache_read=128),
)
#: A turn of a conversation that always holds more answers than this when it comes here.
_UNUSED = _says("", 1, 1)
#: The text a progress ledger is asked for with, and that of everything the orchestrator asks first.
_PROGRESS, _FIRST = "Recall we are working on", "Below I will present you a request"

SCRIPTS: tuple[Script, ...] = (
    _script("gpt-4.1-mini", "weather", *_WEATHER),
    _script("gpt-4.1-mini", "broken cup", _calls(140, 14, Call("transfer_to_refunds"))),
    _script(
        "gpt-4.1",
        "broken cup",
        _calls(201, 22, Call("find_order", {"order": "A-17"})),
        _says("Your 12 euros are on the way back. DONE", 260, 17),
    ),
    _script(
        "gpt-4.1-mini",
        "refund of 900 euros",
        _calls(150, 16, Call("transfer_to_manager")),
        _says("The refund is approved. DONE", 210, 9),
    ),
    _script(
        "gpt-4.1-mini", "busy", Turn(text="Here I am.", usage=Usage(tokens_in=31, tokens_out=4), fault=_BUSY)
    ),
    _script("gpt-4.1-mini", "quota", Turn(fault=_QUOTA)),
    _script("gpt-4.1", "slogan", _says("Coffee that minds its own beans.", 44, 9)),
    _script("gpt-4.1-nano", "", _says("writer", 88, 1)),
    _script("gpt-4.1-mini", "slogan", _says("I like it.", 61, 5)),
    _script(
        "gpt-4.1",
        _FIRST,
        _says("1. GIVEN FACTS: a poem about coffee is wanted.", 310, 21),
        _says("- poet: Write a poem about coffee\n- Say whether it is any good", 395, 18),
    ),
    _script(
        "gpt-4.1",
        _PROGRESS,
        _UNUSED,
        _says(_ledger("Write a poem about coffee", progress=True), 620, 97),
    ),
    # From here on the poem is the first thing a user said. The model is asked for a ledger, for facts and at last for
    # the answer with as many answers before, so it says the same to all three: nothing is new.
    _script(
        "gpt-4.1",
        _POEM,
        _UNUSED,
        _UNUSED,
        _says(_ledger("Write a poem about coffee", progress=False), 702, 101),
        _says("- poet: Write another poem", 560, 8),
    ),
    _script("gpt-4.1-mini", "poem about coffee", _says(f"{_POEM}, and the morning forgives me.", 420, 15)),
)
