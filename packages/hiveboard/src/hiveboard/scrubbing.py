"""What may be written to a log: no key, no token, and one line for one message whatever a client put into it."""

from __future__ import annotations

import logging
import re

__all__ = ["install", "scrub"]

_KEY = re.compile(r"hb_(live|test|read)_[^\s\"'&;,<>\\]+")
_TOKEN = re.compile(
    r"(?i)((?:\b|_)(?:token|api_?key|session\w*|csrf_token|authorization|cookie)[\"']?\s*[=:]\s*[\"']?)"
    r"(?:bearer\s+)?[^\s\"'&;,<>]+"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LOGGERS = ("hiveboard", "uvicorn", "uvicorn.error", "uvicorn.access", "asyncio")


def scrub(text: str) -> str:
    """The text without secrets; line ends stay."""
    return _TOKEN.sub(r"\1…", _KEY.sub(r"hb_\1_…", text))


class _Scrubbing(logging.Filter):
    """Rewrites a record before any handler sees it."""

    def __init__(self) -> None:
        super().__init__()
        self._traceback = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Never holds a record back."""
        text = scrub(record.getMessage())
        record.msg = _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)
        record.args = None
        if record.exc_info and not record.exc_text:
            # Handlers print this text instead of making their own.
            record.exc_text = self._traceback.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = scrub(record.exc_text)
        return True


def install() -> None:
    """Scrub what the collector and its server log, whatever handlers there are. May be called again."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, _Scrubbing) for one in logger.filters):
            logger.addFilter(_Scrubbing())
