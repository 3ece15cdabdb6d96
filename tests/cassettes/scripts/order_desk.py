"""What the model says to the order desk: where an order goes."""

from tests.model_server import Script, Turn, Usage

_MODEL = "gpt-4.1-nano"


def _script(order: str, text: str) -> Script:
    turn = Turn(text=text, usage=Usage(tokens_in=61, tokens_out=17))
    return Script(model=_MODEL, about=order, turns=(turn,), answered_by=f"{_MODEL}-2025-04-14")


SCRIPTS = (
    _script("HC-20451", "Roastery: one light batch of 20 kg, ready on Wednesday evening."),
    _script("HC-20452", "Workshop: group seals and a service visit this week."),
    _script("HC-20453", "Warehouse: pick, pack, standard shipping."),
)
