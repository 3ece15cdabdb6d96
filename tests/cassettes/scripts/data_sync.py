"""What the model says to the data sync agent: one summary, streamed."""

from tests.model_server import Script, Turn, Usage

_MODEL = "gpt-4.1-nano"


def _script(table: str, text: str) -> Script:
    turn = Turn(text=text, usage=Usage(tokens_in=74, tokens_out=38))
    return Script(model=_MODEL, about=f"sync of {table}", turns=(turn,), answered_by=f"{_MODEL}-2025-04-14")


SCRIPTS = (
    _script(
        "orders", "The orders are in step but for three rows: 88, 1207 and 2950. The shop has the newer ones."
    ),
    _script("stock", "The stock is in step but for three rows: 88, 1207 and 2950. Someone counted by hand."),
)
