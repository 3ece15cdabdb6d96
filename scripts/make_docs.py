"""Writes docs/events.md from the catalogue; `--check` only compares."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hiveloop.events import EVENT_TYPES, LIMITS
from hiveloop.payloads import CUSTOM_PAYLOADS

TARGET = Path(__file__).resolve().parent.parent / "docs" / "events.md"


def page() -> str:
    """The page, from the docstrings of the catalogue."""
    types = "\n".join(
        f"| `{name}` | {cls.layer} | {cls.severity_when_absent} | {sentence(cls.__doc__)} |"
        for name, cls in EVENT_TYPES.items()
    )
    kinds = "\n".join(
        f"| `{kind}` | {cls.severity_when_absent} | {', '.join(f'`{f}`' for f in cls.recommended) or '–'} | {sentence(cls.__doc__)} |"
        for kind, cls in CUSTOM_PAYLOADS.items()
    )
    limits = "\n".join(f"| `{name}` | {limit:,} |" for name, limit in LIMITS.items())
    return f"""# Events

Written from `hiveloop.events` and `hiveloop.payloads` by `scripts/make_docs.py`; do not edit.

## The thirteen types

| type | layer | severity when absent | what it says |
|---|---|---|---|
{types}

## Kinds of `custom` events

Their payload is `{{kind, summary, data, tags}}`. The collector warns when a recommended data field is absent; the event is kept.

| kind | severity when absent | recommended | what it says |
|---|---|---|---|
{kinds}

## Limits

| what | limit |
|---|---|
{limits}
"""


def sentence(docstring: str | None) -> str:
    """A docstring as one table cell."""
    text = " ".join((docstring or "").split()).replace("``", "`").replace("|", "\\|")
    return text.replace(":class:`LlmCallData`", "`LlmCallData`").replace(":class:`IssueData`", "`IssueData`")


def main() -> None:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="exit 1 when the page is not what the catalogue says"
    )
    if parser.parse_args().check:
        sys.exit(
            0
            if TARGET.is_file() and TARGET.read_text() == page()
            else f"{TARGET.name} is stale: run scripts/make_docs.py"
        )
    TARGET.write_text(page())


if __name__ == "__main__":
    main()
