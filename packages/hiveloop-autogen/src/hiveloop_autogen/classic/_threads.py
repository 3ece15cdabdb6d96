"""Model calls of asynchronous replies run in threads of a pool, which know nothing of the reply: they are told here."""

from __future__ import annotations

from typing import Any

from hiveloop.adapters import bind, contained

from ._pending import Pending, current_pending, reply_of

__all__ = ["Carried"]


class Carried:
    """``generate_oai_reply`` in a class: called on an agent it knows its reply, whatever thread it is in.

    Taken from the class it is the original: programs compare and register reply functions by it.
    """

    def __init__(self, original: Any) -> None:
        self.original = original
        self.__wrapped__ = original
        self.__doc__ = getattr(original, "__doc__", None)

    def __get__(self, agent: Any, kind: type | None = None) -> Any:
        if agent is None:
            return (
                self.original.__get__(None, kind)
                if hasattr(type(self.original), "__get__")
                else self.original
            )
        bound = bind(self.original, agent)

        def generate_oai_reply(*args: Any, **kwargs: Any) -> Any:
            pending = _found(agent, args, kwargs)
            if pending is None:
                return bound(*args, **kwargs)
            token = current_pending.set(pending)
            try:
                return bound(*args, **kwargs)
            finally:
                current_pending.reset(token)

        return generate_oai_reply


@contained
def _found(agent: Any, args: Any, kwargs: Any) -> Pending | None:
    if current_pending.get() is not None:
        return None
    messages = args[0] if args else kwargs.get("messages")
    sender = args[1] if len(args) > 1 else kwargs.get("sender")
    return reply_of(agent, sender, messages)
