"""An open issue among hundreds: what is counted of it at once, what is told of it when somebody looks."""

from __future__ import annotations

from functools import cached_property

from hiveboard.projections.issue import IssueView, issue_status, issue_view
from hiveboard.store.rows import IssueRow

__all__ = ["ActiveIssue"]


class ActiveIssue:
    """An issue that is open or came back."""

    def __init__(self, row: IssueRow) -> None:
        self._row = row
        self.agent_id = row.agent_id
        self.status = issue_status(row.state)
        self.occurrences = row.state.occurrences
        self.issue_key = row.state.issue_key

    @cached_property
    def view(self) -> IssueView:
        """Everything that is known of it."""
        return issue_view(self._row)
