"""Addresses of dashboard views, for evidence; everything is after ``#``, so ids reach no server log."""

from __future__ import annotations

from urllib.parse import quote

from msgspec import Struct

from hiveboard.store.rows import Scope, TaskRow

__all__ = ["Evidence", "Links", "run_evidence"]


class Evidence(Struct, kw_only=True):
    """Where to look for oneself: a label and the address of a dashboard view."""

    label: str
    link: str


class Links:
    """Addresses that keep the project and the environment of a question."""

    def __init__(self, scope: Scope) -> None:
        self._sticky = {"project": scope.project_id, "environment": scope.environment}

    def view(self, name: str, label: str, **query: str | None) -> Evidence:
        """A view with some of its filters set; None leaves one out."""
        return Evidence(label=label, link=f"#/{name}{self._search(query)}")

    def run(self, task_id: str, run_id: str, label: str | None = None) -> Evidence:
        """One run."""
        path = f"#/run/{_part(task_id)}" + (f"/{_part(run_id)}" if run_id else "")
        return Evidence(label=label or task_id, link=path + self._search({}))

    def agent(self, agent_id: str) -> Evidence:
        """One agent in the fleet."""
        return self.view("fleet", agent_id, agent=agent_id)

    def _search(self, query: dict[str, str | None]) -> str:
        fields = [f"{name}={_part(value)}" for name, value in {**self._sticky, **query}.items() if value]
        return f"?{'&'.join(fields)}" if fields else ""


def _part(text: str) -> str:
    return quote(text, safe="-_.!~*'()")


def run_evidence(links: Links, rows: list[TaskRow], most: int = 5) -> list[Evidence]:
    """Links to the first of some runs."""
    return [links.run(row.state.task_id, row.state.task_run_id) for row in rows[:most]]
