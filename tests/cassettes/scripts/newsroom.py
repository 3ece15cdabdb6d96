"""What the model says to the newsroom: the editor asks the taster, who answers, and then writes."""

from tests.model_server import Call, Script, Turn, Usage

_MODEL = "gpt-4.1-mini"
_QUESTION = {
    "task": "Describe the cup of the new lot",
    "context": "One sentence for the newsletter.",
    "coworker": "Taster",
}


def _script(about: str, *turns: Turn) -> Script:
    return Script(model=_MODEL, about=about, turns=turns, answered_by=f"{_MODEL}-2025-04-14")


SCRIPTS = (
    _script(
        "Write one sentence for the newsletter",
        Turn(
            calls=(Call("delegate_work_to_coworker", _QUESTION),), usage=Usage(tokens_in=418, tokens_out=43)
        ),
        Turn(
            text="Our new Yirgacheffe tastes of bergamot and ripe apricot.",
            usage=Usage(tokens_in=497, tokens_out=14, cache_read=256),
        ),
    ),
    _script(
        "Describe the cup",
        Turn(text="Bergamot, apricot, a clean end.", usage=Usage(tokens_in=151, tokens_out=11)),
    ),
)
