"""What the model says to the wholesale buyer: why an order is needed."""

from tests.model_server import Script, Turn, Usage

_MODEL = "gpt-4.1-nano"
_TURN = Turn(
    text="The stock of Huila ends in nine days and the next ship comes in five weeks.",
    usage=Usage(tokens_in=29, tokens_out=18),
)

SCRIPTS = (
    Script(model=_MODEL, about="60 bags of Huila", turns=(_TURN,), answered_by=f"{_MODEL}-2025-04-14"),
)
