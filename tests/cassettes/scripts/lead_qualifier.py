"""What the model says to the lead qualifier."""

from tests.model_server import Call, Script, Turn, Usage

_MODEL = "gpt-4.1-mini"


def _usage(tokens_in: int, tokens_out: int, cache_read: int = 1152) -> Usage:
    return Usage(tokens_in=tokens_in, tokens_out=tokens_out, cache_read=cache_read)


def _script(company: str, *turns: Turn) -> Script:
    return Script(model=_MODEL, about=company, turns=turns, answered_by=f"{_MODEL}-2025-04-14")


def _search(company: str) -> Turn:
    return Turn(calls=(Call("crm_search", {"company": company}),), usage=_usage(1204, 21, 0))


def _score(company: str, sites: int, cups_per_day: int) -> Turn:
    arguments = {"company": company, "sites": sites, "cups_per_day": cups_per_day}
    return Turn(calls=(Call("score_lead", arguments),), usage=_usage(1291, 34))


def _mail(to: str, subject: str, body: str) -> Turn:
    return Turn(
        calls=(Call("send_email", {"to": to, "subject": subject, "body": body}),), usage=_usage(1338, 118)
    )


SCRIPTS = (
    _script(
        "Café Nordlys",
        _search("Café Nordlys"),
        _score("Café Nordlys", 3, 900),
        _mail(
            "Ingrid Solberg",
            "Your quote for three cafés",
            "Hello Ingrid, thank you for asking. For 900 cups a day I suggest our house blend and two machines "
            "per site. Shall we taste together on Thursday?",
        ),
        Turn(
            text="Café Nordlys scores 86: call Ingrid Solberg, a quote is on its way.",
            usage=_usage(1479, 24, 1280),
        ),
    ),
    _script(
        "Tandem Offices",
        _search("Tandem Offices"),
        _score("Tandem Offices", 1, 60),
        Turn(text="Tandem Offices scores 42: keep them on the newsletter for now.", usage=_usage(1340, 19)),
    ),
    _script(
        "Brightside Hotels",
        _search("Brightside Hotels"),
        _score("Brightside Hotels", 11, 4200),
        _mail(
            "Amara Osei",
            "Before your tasting",
            "Dear Amara, for eleven hotels I will bring three blends and a price for 4,200 cups a day. "
            "Is a decaf important to you?",
        ),
        Turn(
            text="Brightside Hotels scores 98: call Amara Osei before the tasting.",
            usage=_usage(1471, 22, 1280),
        ),
    ),
)
