"""What the model says to the parcel watch: a sentence for the customer."""

from tests.model_server import Script, Turn, Usage

_MODEL = "gpt-4.1-nano"
_TURN = Turn(
    text="Your parcel is in the depot of Drammen and goes on tomorrow.",
    usage=Usage(tokens_in=33, tokens_out=14),
)

SCRIPTS = (Script(model=_MODEL, about="HC-20561", turns=(_TURN,), answered_by=f"{_MODEL}-2025-04-14"),)
