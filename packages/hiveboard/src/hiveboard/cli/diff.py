"""``hiveboard diff``: two runs side by side."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .options import AsJson, Key, Url
from .terminal import cell, one_line, output, plain, shown

__all__ = ["diff"]

_STYLES = {"only_a": "red", "only_b": "green", "changed": "yellow", "same": "dim"}
_SIGNS = {"only_a": "-", "only_b": "+", "changed": "~", "same": " "}
_MOST_ROWS = 200


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="A task id (its latest run), or TASK:RUN.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The run to compare it with, told likewise.")],
    markdown: Annotated[
        bool, typer.Option("--markdown", help="As Markdown, for an issue or a review.")
    ] = False,
    as_json: AsJson = False,
    url: Url = "http://127.0.0.1:8000",
    key: Key = None,
) -> None:
    """Compare two runs step by step: where they first part, and what differs in cost, time and tools."""
    import json

    from .client import Client, reporting

    with reporting():
        client = Client(url, key)
        if markdown:
            typer.echo(plain(client.text("/v1/diff", a=a, b=b, format="markdown")).rstrip("\n"))
            return
        found = client.read(dict[str, Any], "/v1/diff", a=a, b=b)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        _print_diff(found)


def _print_diff(found: dict[str, Any]) -> None:
    console = output()
    console.print(shown(str(found.get("summary", "")), "bold"))
    console.print(_figures(found))
    first = found.get("first_divergence")
    if isinstance(first, dict):
        console.print(shown(f"First difference: {first.get('text', '')}", "yellow"))
    rows = found.get("rows") or []
    for row in rows[:_MOST_ROWS]:
        console.print(_line(row), soft_wrap=True)
    more = len(rows) - min(len(rows), _MOST_ROWS) + (found.get("rows_omitted") or 0)
    if more:
        console.print(f"… {more:,} more steps; --json has them", style="dim")


def _figures(found: dict[str, Any]) -> Any:
    from rich.table import Table

    from hiveboard.projections.wording import amount, duration

    table = Table("", "A", "B", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    runs = [found.get(side) or {} for side in ("a", "b")]
    table.add_row("run", *(cell(f"{run.get('task_id')}:{run.get('task_run_id')}") for run in runs))
    for name, field, word in (
        ("status", "derived_status", str),
        ("duration", "duration_ms", duration),
        ("cost", "total_cost", amount),
        ("model calls", "llm_call_count", str),
        ("actions", "action_count", str),
        ("errors", "error_count", str),
    ):
        values = [run.get(field) for run in runs]
        style = "yellow" if values[0] != values[1] else ""
        table.add_row(name, *(cell("–" if value is None else word(value), style) for value in values))
    return table


def _line(row: dict[str, Any]) -> Any:
    operation = str(row.get("op"))
    step = row.get("a") or row.get("b") or {}
    depth = step.get("depth")
    indent = "  " * min(depth, 20) if isinstance(depth, int) else ""
    name = one_line(str(step.get("label", "")))
    text = f"{_SIGNS.get(operation, '?')} {indent}{name}"
    changed = row.get("changed")
    return shown(
        text + (f"  ({', '.join(map(str, changed))})" if changed else ""), _STYLES.get(operation, "")
    )
