"""Reads the board: the few questions the demo asks the collector's API."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from typing import Any

__all__ = ["Board", "BoardError"]

_TIMEOUT_SECONDS = 10.0
#: The collector of the demo is on this machine; a proxy would only be in the way.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class BoardError(RuntimeError):
    """The collector did not answer, or not as agreed."""


class Board:
    """The collector's queries for one endpoint and key."""

    def __init__(self, endpoint: str, api_key: str) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._api_key = api_key

    def is_up(self) -> bool:
        """Whether the collector answers its health check now."""
        try:
            self._get("/v1/health", timeout_seconds=1.0)
        except BoardError:
            return False
        return True

    def tasks(self, agent_id: str, session_id: str) -> list[dict[str, Any]]:
        """The task rows of one agent in one session."""
        rows = self._get("/v1/tasks", agent_id=agent_id, session_id=session_id)["data"]
        return list(rows)

    def timeline(self, row: dict[str, Any]) -> dict[str, Any]:
        """Everything about the run of a task row."""
        task_id = urllib.parse.quote(str(row["task_id"]), safe="")
        return self._get(f"/v1/tasks/{task_id}/timeline", task_run_id=str(row["task_run_id"]))

    def pipeline(self, agent_id: str) -> dict[str, Any]:
        """Queue, TODOs, schedule and issues of one agent."""
        return self._get(f"/v1/agents/{urllib.parse.quote(agent_id, safe='')}/pipeline")

    def waiting_approvals(self, agent_id: str, task_id: str) -> list[str]:
        """Ids of the requests of one task that nobody has answered."""
        found = self._get("/v1/approvals", agent_id=agent_id, task_id=task_id, status="pending")["data"]
        return [str(approval["approval_id"]) for approval in found]

    def answer_approval(self, approval_id: str, decision: str, approved_by: str) -> None:
        """Decide a request, as the Pipeline page does."""
        path = f"/v1/approvals/{urllib.parse.quote(approval_id, safe='')}"
        body = json.dumps({"decision": decision, "approved_by": approved_by}).encode()
        self._ask(path, body, _TIMEOUT_SECONDS)

    def _get(self, path: str, *, timeout_seconds: float = _TIMEOUT_SECONDS, **query: str) -> dict[str, Any]:
        return self._ask(path + (f"?{urllib.parse.urlencode(query)}" if query else ""), None, timeout_seconds)

    def _ask(self, path: str, body: bytes | None, timeout_seconds: float) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._api_key}", "Content-Type": "application/json"}
        request = urllib.request.Request(self._endpoint + path, body, headers)
        try:
            with _open(request, timeout=timeout_seconds) as answer:
                found = json.load(answer)
        except (OSError, ValueError) as error:
            raise BoardError(f"{path}: {error}") from error
        if not isinstance(found, dict):
            raise BoardError(f"{path}: expected an object, got {type(found).__name__}")
        return found
