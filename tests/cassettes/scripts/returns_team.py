"""What the models say to the returns team: one decides who helps, the other helps."""

from tests.model_server import Call, Script, Turn, Usage


def _scripts(order: str, answer: str) -> tuple[Script, ...]:
    handoff = Turn(calls=(Call("transfer_to_refunds"),), usage=Usage(tokens_in=131, tokens_out=13))
    look = Turn(calls=(Call("find_order", {"order": order}),), usage=Usage(tokens_in=188, tokens_out=21))
    end = Turn(text=f"{answer} DONE", usage=Usage(tokens_in=246, tokens_out=24))
    return (
        Script(model="gpt-4.1-mini", about=order, turns=(handoff,), answered_by="gpt-4.1-mini-2025-04-14"),
        Script(model="gpt-4.1", about=order, turns=(look, end), answered_by="gpt-4.1-2025-04-14"),
    )


SCRIPTS = (
    *_scripts("HC-20519", "A new mug leaves today, keep the shards for the compost of tales."),
    *_scripts("HC-20523", "The filter roast is on its way; the espresso is on us."),
)
