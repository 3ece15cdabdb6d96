"""What the model says to the stock keeper: how much to order."""

from tests.model_server import Script, Turn, Usage

_MODEL = "gpt-4.1-nano"


def _script(item: str, text: str) -> Script:
    turn = Turn(text=text, usage=Usage(tokens_in=38, tokens_out=19))
    return Script(model=_MODEL, about=item, turns=(turn,), answered_by=f"{_MODEL}-2025-04-14")


SCRIPTS = (
    _script("green beans", "Order 180 kg: two weeks of espresso and the Yirgacheffe that ran out."),
    _script("oat milk", "Order 48 cartons; the rest of this week's delivery covers Monday."),
    _script("paper filters", "Order 4,000 pieces, the shop sells about 500 a day."),
)
