"""What the scripted model says in the recordings of the providers' dialects."""

from tests.model_server import Call, Fault, Script, Turn, Usage

_CITIES = (Call("get_weather", {"city": "Oslo"}), Call("get_weather", {"city": "Bergen"}))
_STORY = "In the heart of an ancient forest a bear named Bramble found a bag of"
_BUSY = Fault(status=429, message="Rate limit reached. Please try again shortly.", retry_after_seconds=0.02)


def _weather(first: Usage, second: Usage) -> tuple[Turn, ...]:
    return (
        Turn(calls=_CITIES, usage=first),
        Turn(text="Rain in Oslo and rain in Bergen: take an umbrella.", usage=second),
    )


def _for(model: str, answered_by: str, thinking: int) -> tuple[Script, ...]:
    """The same conversations with every model; only ``thinking`` tokens differ."""

    def script(about: str, *turns: Turn) -> Script:
        return Script(model=model, about=about, turns=turns, answered_by=answered_by)

    first = Usage(tokens_in=96, tokens_out=48 + thinking, reasoning=thinking)
    second = Usage(tokens_in=1187, tokens_out=19, cache_read=1024)
    once = Fault(status=429, message=_BUSY.message, retry_after_seconds=0.02, times=1)
    return (
        script("weather", *_weather(first, second)),
        script("story", Turn(text=_STORY, stop="length", usage=Usage(tokens_in=16, tokens_out=16))),
        script("joke", Turn(text="Why did the bean blush? It saw the grinder.", usage=second)),
        script("wrong key", Turn(fault=Fault(status=401, message="Incorrect API key provided."))),
        script("always busy", Turn(fault=_BUSY)),
        script("busy once", Turn(text="Here I am.", usage=second, fault=once)),
        script("broken", Turn(fault=Fault(status=500, message="The server had an error."))),
    )


_CACHED = Script(
    model="claude-haiku-4-5",
    about="menu",
    answered_by="claude-haiku-4-5-20251001",
    turns=(
        Turn(text="Seven drinks.", usage=Usage(tokens_in=5213, tokens_out=6, cache_creation=5198)),
        Turn(text="The cortado.", usage=Usage(tokens_in=5231, tokens_out=8, cache_read=5198)),
    ),
)

SCRIPTS: tuple[Script, ...] = (
    *_for("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", thinking=0),
    *_for("gpt-5-mini", "gpt-5-mini-2025-08-07", thinking=128),
    *_for("claude-haiku-4-5", "claude-haiku-4-5-20251001", thinking=0),
    _CACHED,
)
