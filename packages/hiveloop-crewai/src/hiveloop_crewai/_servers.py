"""Names of MCP servers: an address without its query, a command without the arguments that may hold its keys. Pure."""

from __future__ import annotations

from ._facts import name_of

__all__ = ["server_name"]

_FALLBACK = "server"
_COMMAND = "stdio"
#: Options that take no value: what follows them is still what is run.
_SWITCHES = frozenset({"-y", "--yes", "-m", "-u"})


def server_name(name: object, transport: object) -> str:
    """What a server is called: CrewAI calls one that is a command by its whole command line."""
    if not isinstance(name, str) or not name.strip():
        return _FALLBACK
    return name_of(_command(name) if transport == _COMMAND else _address(name), _FALLBACK)


def _command(line: str) -> str:
    """The program and what it runs; nothing from the first option with a value on."""
    program, *given = line.split()
    words = [_last(program)]
    for word in given:
        if word not in _SWITCHES:
            plain = _address(word)
            if not plain.startswith("-") and "=" not in plain:
                words.append(_last(plain))
            break
    return " ".join(words)


def _last(path: str) -> str:
    return path if path.startswith("@") else path.replace("\\", "/").rpartition("/")[2]


def _address(text: str) -> str:
    """An address without who asks, and what for."""
    scheme, found, rest = text.partition("://")
    if not found:
        return text
    place, slash, path = rest.partition("?")[0].partition("#")[0].partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"
