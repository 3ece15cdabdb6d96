"""What the model says to the support triage agent: three look-ups at once, then the answer."""

from tests.model_server import Call, Script, Turn, Usage

_MODEL = "claude-haiku-4-5"


def _script(about: str, customer: str, order: str, topic: str, answer: str) -> Script:
    calls = (
        Call("customer_history", {"customer": customer}),
        Call("order_status", {"order": order}),
        Call("search_handbook", {"topic": topic}),
    )
    thinking = "I will read the history, the order and the handbook together."
    words = len(answer.split())
    first = Usage(tokens_in=4698 + 2 * len(topic), tokens_out=139 + len(customer), cache_creation=4402)
    second = Usage(tokens_in=5034 + 3 * words, tokens_out=90 + 2 * words, cache_read=4402)
    turns = (Turn(text=thinking, calls=calls, usage=first), Turn(text=answer, usage=second))
    return Script(model=_MODEL, about=about, turns=turns, answered_by=f"{_MODEL}-20251001")


SCRIPTS = (
    _script(
        "HC-20418",
        "Bruno Leclerc",
        "HC-20418",
        "water damage",
        "Priority: high. Team: workshop. Dear Bruno, this is covered: a loan grinder leaves today, and a courier "
        "picks yours up tomorrow morning.",
    ),
    _script(
        "HC-20433",
        "Mei Tanaka",
        "HC-20433",
        "late delivery",
        "Priority: normal. Team: shipping. Dear Mei, your beans are at the depot and arrive tomorrow. We refund "
        "the shipping and add a bag of the house blend.",
    ),
    _script(
        "HC-20440",
        "Pedro Alves",
        "HC-20440",
        "double charge",
        "Priority: high. Team: billing. Dear Pedro, sorry for the double charge. Billing answers you within one "
        "working day.",
    ),
)
