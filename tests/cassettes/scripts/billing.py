"""What the model says to the billing agent, and what the provider says when the quota is used up."""

from tests.model_server import Call, Fault, Script, Turn, Usage

_MODEL = "gpt-4.1"
_QUOTA = Fault(
    status=429,
    kind="insufficient_quota",
    message="You exceeded your current quota, please check your plan and billing details.",
    retry_after_seconds=0.3,
)


def _script(invoice: str, *turns: Turn) -> Script:
    return Script(model=_MODEL, about=invoice, turns=turns, answered_by=f"{_MODEL}-2025-04-14")


def _steps(invoice: str, customer: str, amount_eur: float) -> tuple[Turn, ...]:
    payment = Call("find_payment", {"customer": customer, "amount_eur": amount_eur})
    return (
        Turn(calls=(Call("get_invoice", {"invoice": invoice}),), usage=Usage(tokens_in=342, tokens_out=19)),
        Turn(calls=(payment,), usage=Usage(tokens_in=398, tokens_out=28)),
        Turn(
            calls=(Call("post_to_ledger", {"invoice": invoice}),), usage=Usage(tokens_in=451, tokens_out=18)
        ),
    )


SCRIPTS = (
    _script(
        "INV-2038",
        *_steps("INV-2038", "Café Nordlys", 1840.0),
        Turn(
            text="INV-2038 is paid by Café Nordlys and posted to the ledger.",
            usage=Usage(tokens_in=489, tokens_out=20),
        ),
    ),
    _script("INV-2041", *_steps("INV-2041", "Brightside Hotels", 12650.0)[:1], Turn(fault=_QUOTA)),
    _script("INV-2044", *_steps("INV-2044", "Tandem Offices", 312.5)),
)
