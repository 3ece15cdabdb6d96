"""What ``instrument`` was told, for the whole process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hiveloop.adapters import captures_content

if TYPE_CHECKING:
    from ._identity import Role

__all__ = ["Settings", "captures", "settings"]


class Settings:
    """The settings in force. ``agent``: a name for all roles, ``(Role) -> name``, or ``None``: one agent a role."""

    def __init__(self) -> None:
        self.agent: str | Callable[[Role], str] | None = None
        self.project: str | None = None
        self.capture_content = True
        self.escalate_delegation = True


settings = Settings()


def captures() -> bool:
    """Whether prompts, answers, arguments and results may be read at all."""
    return settings.capture_content and captures_content()
