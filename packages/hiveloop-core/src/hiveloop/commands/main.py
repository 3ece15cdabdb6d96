"""Which command was asked for, and with what."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from hiveloop._version import __version__

__all__ = ["main"]

_AUDIT = """\
Runs a script as python would, and prints exactly what HiveLoop would send: one request a line, as JSON, the
envelope and the events in it. Nothing is sent and nobody is asked, also by processes the script starts; the key
and the endpoint it names are not used. What the script itself prints goes to standard error. At the end the
totals are told there: events, bytes, drops, kinds, and which keys of the payloads hold text.

The exit code is that of the script. An approval the script waits for is never answered.
"""
_EXAMPLES = """\
examples:
  {prog} doctor
  {prog} audit agent.py --lead 17
  {prog} audit --pretty -m my_company.agent
  {prog} audit agent.py | jq '.events[].event_type'
"""


def main(argv: Sequence[str] | None = None, prog: str = "hiveloop") -> int:
    """Run the command; returns the exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    parser = _parser(prog)
    if given[:1] == ["audit"]:
        own, rest = _split(given[1:])
        options = parser.parse_args(["audit", *own])
        from .audit import Program, audit

        return audit(Program(options.program, options.module, rest), pretty=options.pretty)
    options = parser.parse_args(given)
    if options.command == "doctor":
        from .doctor import doctor

        return doctor(options.endpoint, options.api_key, sends=options.send)
    parser.print_help()
    return 2


def _parser(prog: str) -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog=prog,
        description="HiveLoop shows what AI agents do. These commands look at the program's side of it.",
        epilog=_EXAMPLES.format(prog=prog),
        formatter_class=raw,
    )
    parser.add_argument("--version", action="version", version=f"hiveloop {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    audit = commands.add_parser(
        "audit",
        help="run a script and print what would leave the process, sending nothing",
        description=_AUDIT,
        formatter_class=raw,
        usage=f"{prog} audit [--pretty] (SCRIPT | -m MODULE) [ARGUMENT ...]",
    )
    audit.add_argument("--pretty", action="store_true", help="for people: indented, redactions marked")
    audit.add_argument("-m", dest="module", metavar="MODULE", help="run a module, as python -m does")
    audit.add_argument("program", nargs="?", metavar="SCRIPT", help="the script; what follows is its own")
    doctor = commands.add_parser(
        "doctor",
        help="check key, endpoint, clock, adapters and settings; each line says what to do",
        description="Checks one thing a line, with the fix below what is wrong. Exits with 1 when something is.",
    )
    doctor.add_argument("--endpoint", help="URL of the collector (default: HIVELOOP_ENDPOINT, as init does)")
    doctor.add_argument("--api-key", help="the key (default: HIVELOOP_API_KEY)")
    doctor.add_argument("--send", action="store_true", help="send one event, to see that events are taken")
    return parser


def _split(given: list[str]) -> tuple[list[str], list[str]]:
    """What is for the audit, up to the script or module, and what is the script's own."""
    at = 0
    while at < len(given) and given[at].startswith("-"):
        if given[at] == "-m":
            return given[: at + 2], given[at + 2 :]
        if given[at].startswith("-m"):
            return given[: at + 1], given[at + 1 :]
        at += 1
    return given[: at + 1], given[at + 1 :]
