"""What the model says to the refund desk: read, ask for the refund, answer the customer."""

from tests.model_server import Call, Script, Turn, Usage

_MODEL = "claude-sonnet-4-6"


def _script(order: str, amount_eur: float, answer: str) -> Script:
    refund = Call("issue_refund", {"order": order, "amount_eur": amount_eur})
    turns = (
        Turn(calls=(Call("read_order", {"order": order}),), usage=Usage(tokens_in=684, tokens_out=58)),
        Turn(
            text="The order is within the rules. I ask for the refund.",
            calls=(refund,),
            usage=Usage(tokens_in=791, tokens_out=96),
        ),
        Turn(text=answer, usage=Usage(tokens_in=934, tokens_out=47)),
    )
    return Script(model=_MODEL, about=order, turns=turns, answered_by=_MODEL)


SCRIPTS = (
    _script(
        "HC-20391", 84.0, "Your 84.00 EUR are on their way, and the broken mill can go in the recycling."
    ),
    _script("HC-20407", 720.0, "Your 720.00 EUR are on their way. We are sorry about the roast."),
    _script("HC-20219", 119.0, "We cannot refund a kettle of fourteen months, but we will gladly repair it."),
)
