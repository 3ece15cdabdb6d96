"""What the models say to the research agent: a plan, three notes, a draft and a fact check."""

from tests.model_server import Call, Script, Turn, Usage

_STEPS = ("Sharpen the question", "Search trade press and statistics", "Choose three sources")


def _plan(done: int) -> Call:
    """The to-do list with ``done`` steps completed and the next one in progress."""
    marks = ["completed"] * done + ["in_progress"] + ["pending"] * len(_STEPS)
    todos = [{"content": text, "status": mark} for text, mark in zip(_STEPS, marks, strict=False)]
    return Call("write_todos", {"todos": todos})


def _scout(question: str, query: str, answer: str) -> Script:
    turns = (
        Turn(calls=(_plan(0),), usage=Usage(tokens_in=612, tokens_out=74)),
        Turn(calls=(_plan(1),), usage=Usage(tokens_in=731, tokens_out=72)),
        Turn(calls=(Call("search_press", {"query": query}),), usage=Usage(tokens_in=846, tokens_out=23)),
        Turn(calls=(_plan(3),), usage=Usage(tokens_in=938, tokens_out=70)),
        Turn(text=answer, usage=Usage(tokens_in=1042, tokens_out=41)),
    )
    about = f"Find sources: {question}"
    return Script(model="gpt-4.1-mini", about=about, turns=turns, answered_by="gpt-4.1-mini-2025-04-14")


def _reader(source: str, question: str, note: str) -> Script:
    usage = Usage(tokens_in=160 + len(question), tokens_out=len(note) // 3)
    turn = Turn(text=note, usage=usage)
    about = f"what does the {source} say? {question}"
    return Script(model="gpt-4.1-nano", about=about, turns=(turn,), answered_by="gpt-4.1-nano-2025-04-14")


def _draft(question: str, text: str) -> Script:
    usage = Usage(tokens_in=402, tokens_out=448 + len(text) // 3, reasoning=448)
    turn = Turn(text=text, usage=usage)
    about = f"Draft a briefing. Question: {question}"
    return Script(model="gpt-5-mini", about=about, turns=(turn,), answered_by="gpt-5-mini-2025-08-07")


def _check(piece_of_draft: str, text: str) -> Script:
    turn = Turn(text=text, usage=Usage(tokens_in=254, tokens_out=66))
    model = "claude-sonnet-4-6"
    return Script(model=model, about=piece_of_draft, turns=(turn,), answered_by=model)


_OAT = "How will oat milk prices move next year?"
_CUPS = "Which cities will require reusable cups?"

SCRIPTS = (
    _scout(
        _OAT,
        "oat milk wholesale price",
        "Read the trade journal on harvests, the statistics office on imports, and the roasters' forum on contracts.",
    ),
    _reader("trade journal", _OAT, "The harvest was good, and two new mills open in spring."),
    _reader("statistics office", _OAT, "Import prices fell by four percent over the last three quarters."),
    _reader("roasters' forum", _OAT, "Buyers who sign twelve-month contracts now report six percent less."),
    _draft(
        _OAT,
        "Oat milk should become slightly cheaper: the harvest was good, imports fell by four percent, and yearly "
        "contracts are offered six percent lower. We suggest signing for twelve months before spring.",
    ),
    _check(
        "Oat milk should become",
        "All three figures are in the notes. One caution: the contract prices come from a forum, so ask for two offers.",
    ),
    _scout(
        _CUPS,
        "reusable cup regulation cities",
        "Read the trade journal on pilots, the statistics office on waste, and the roasters' forum on deposits.",
    ),
    _reader("trade journal", _CUPS, "Four cities have announced deposit schemes for takeaway cups."),
    _reader("statistics office", _CUPS, "Single-use cups are two percent of street waste and falling."),
    _reader("roasters' forum", _CUPS, "Cafés in pilot cities say one shared deposit cup works best."),
    _draft(
        _CUPS,
        "Four cities have announced deposits for takeaway cups. Pilots favour one shared cup for all cafés. We should "
        "offer a branded shared cup before the schemes begin.",
    ),
    _check(
        "Four cities have announced",
        "The number of cities is supported. The advice to brand the cup is ours.",
    ),
)
