"""What the model says to the shelf audit: read the scale, and again, and again."""

from tests.model_server import Call, Script, Turn, Usage

_MODEL = "gpt-4.1-mini"
_AGAIN = (Call("read_shelf", {"shelf": "C14"}),)

SCRIPTS = (
    Script(
        model=_MODEL,
        about="C14",
        turns=(
            *(Turn(calls=_AGAIN, usage=Usage(tokens_in=112 + 31 * n, tokens_out=16)) for n in range(3)),
            Turn(text="Shelf C14 has no reading.", usage=Usage(tokens_in=205, tokens_out=9)),
        ),
        answered_by=f"{_MODEL}-2025-04-14",
    ),
)
