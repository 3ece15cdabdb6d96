"""What the model says to the report reader: one chapter after the other, each call as long as a book."""

from tests.model_server import Call, Script, Turn, Usage

_MODEL = "claude-sonnet-4-6"
_REPORT = "the ICO outlook 2026"


def _read(chapter: int) -> Turn:
    call = Call("read_chapter", {"report": _REPORT, "chapter": chapter})
    return Turn(calls=(call,), usage=Usage(tokens_in=23_800 + 600 * chapter, tokens_out=72))


SCRIPTS = (
    Script(
        model=_MODEL,
        about=_REPORT,
        turns=(
            _read(1),
            _read(2),
            Turn(text="Prices stay where they are.", usage=Usage(tokens_in=26_300, tokens_out=12)),
        ),
        answered_by=_MODEL,
    ),
)
