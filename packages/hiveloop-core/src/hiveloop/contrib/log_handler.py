"""Log records as issues: attach :class:`HiveBoardLogHandler` to a logger and its warnings show on the agent's card."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from hiveloop._safety import contained

if TYPE_CHECKING:
    from hiveloop._agent import Agent

__all__ = ["HiveBoardLogHandler"]


class HiveBoardLogHandler(logging.Handler):
    """Forwards records of ``level`` and above to ``agent.report_issue``; one issue per logger and level.

    WARNING becomes medium, ERROR high, CRITICAL critical; a level in between takes the next lower one. Records of
    the SDK itself and of its threads are never forwarded, and a record made while forwarding is not forwarded again.
    """

    def __init__(self, agent: Agent, level: int = logging.WARNING, category: str = "log") -> None:
        super().__init__(level)
        self._agent = agent
        self._category = category
        self._busy = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Report one record. Never raises."""
        if (
            record.name == "hiveloop"
            or record.name.startswith("hiveloop.")
            or (record.threadName or "").startswith("hiveloop-")  # our own HTTP, in our own thread
            or getattr(self._busy, "now", False)
        ):
            return
        self._busy.now = True
        try:
            self._report(record)
        finally:
            self._busy.now = False

    @contained
    def _report(self, record: logging.LogRecord) -> None:
        self._agent.report_issue(
            summary=record.getMessage(),
            severity=_severity(record.levelno),
            issue_id=f"log-{record.name}-{record.levelname}",
            category=self._category,
            context={
                "logger": record.name,
                "filename": record.filename,
                "lineno": record.lineno,
                "funcName": record.funcName,
            },
        )


def _severity(level: int) -> str:
    if level >= logging.CRITICAL:
        return "critical"
    if level >= logging.ERROR:
        return "high"
    return "medium" if level >= logging.WARNING else "low"
