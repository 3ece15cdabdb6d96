"""The SQLite schema: what events point to, and the summary tables kept in the same transaction as they."""

from __future__ import annotations

import sqlite3

from .rollup import USAGE_COUNTERS
from .sessions import SESSION_COUNTERS
from .sqlite_changes import CHANGES_SCHEMA
from .sqlite_codec import TYPE_LABELS
from .sqlite_connect import APPLICATION_ID
from .sqlite_tallies import TALLY_SCHEMA
from .tallies import TALLIES

__all__ = ["SCHEMA_VERSION", "SUMMARY_TABLES", "create", "require_readable"]

SCHEMA_VERSION = 6

_EVENTS = """
CREATE TABLE IF NOT EXISTS tenants (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS origins (
  id INTEGER PRIMARY KEY, agent_version TEXT, framework TEXT, runtime TEXT, sdk_version TEXT,
  environment TEXT NOT NULL, group_name TEXT NOT NULL, process TEXT);
CREATE INDEX IF NOT EXISTS origins_process ON origins (process);
CREATE TABLE IF NOT EXISTS scopes (
  id INTEGER PRIMARY KEY, project_id TEXT, task_type TEXT, environment TEXT NOT NULL, group_name TEXT NOT NULL,
  agent_version TEXT);
CREATE TABLE IF NOT EXISTS labels (id INTEGER PRIMARY KEY, event_type TEXT NOT NULL, kind TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS labels_name ON labels (event_type, kind);
CREATE INDEX IF NOT EXISTS scopes_project ON scopes (project_id);
CREATE TABLE IF NOT EXISTS partitions (
  name TEXT PRIMARY KEY, since INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sequence (id INTEGER PRIMARY KEY CHECK (id = 1), last INTEGER NOT NULL);
INSERT OR IGNORE INTO sequence VALUES (1, 0);
CREATE TABLE IF NOT EXISTS retained (id INTEGER PRIMARY KEY CHECK (id = 1), since INTEGER NOT NULL);
"""

_SESSION = ", ".join(f"{name} INTEGER NOT NULL" for name in SESSION_COUNTERS)
_STATE = f"""
CREATE TABLE IF NOT EXISTS agents (
  tenant TEXT NOT NULL, agent_id TEXT NOT NULL,
  identity_received INTEGER NOT NULL, identity_ts INTEGER NOT NULL,
  agent_type TEXT NOT NULL, origin_id INTEGER NOT NULL,
  registered_ts INTEGER, registered TEXT,
  first_ts INTEGER NOT NULL, active_received INTEGER, active_ts INTEGER, last_received INTEGER NOT NULL,
  heartbeat_received INTEGER, stopped_received INTEGER, stopped_ts INTEGER,
  end_ts INTEGER, end_outcome TEXT, end_task_id TEXT,
  PRIMARY KEY (tenant, agent_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tasks (
  tenant TEXT NOT NULL, task_id TEXT NOT NULL, task_run_id TEXT NOT NULL,
  head_rank INTEGER NOT NULL, head_ts INTEGER NOT NULL,
  agent_id TEXT NOT NULL, task_type TEXT, project_id TEXT, scope_id INTEGER NOT NULL,
  session_id TEXT, user_id TEXT, user_group TEXT, workflow TEXT,
  process TEXT, sender_process TEXT, sender_received INTEGER, step_type TEXT, step_name TEXT,
  events INTEGER NOT NULL,
  first_ts INTEGER NOT NULL, started_ts INTEGER, last_ts INTEGER NOT NULL, last_received INTEGER NOT NULL,
  end_ts INTEGER, outcome TEXT, end_duration_ms INTEGER, error TEXT,
  llm_calls INTEGER NOT NULL, tokens_in INTEGER, tokens_out INTEGER, cost_nano INTEGER, estimated_nano INTEGER,
  actions INTEGER NOT NULL, errors INTEGER NOT NULL, retries INTEGER NOT NULL, escalations INTEGER NOT NULL,
  interventions INTEGER NOT NULL, sort_ts INTEGER NOT NULL, duration_ms INTEGER,
  PRIMARY KEY (tenant, task_id, task_run_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tasks_newest ON tasks (tenant, sort_ts);
CREATE INDEX IF NOT EXISTS tasks_agent ON tasks (tenant, agent_id, sort_ts);
CREATE INDEX IF NOT EXISTS tasks_duration ON tasks (tenant, duration_ms);
CREATE INDEX IF NOT EXISTS tasks_cost ON tasks (tenant, cost_nano);
CREATE INDEX IF NOT EXISTS tasks_outcome ON tasks (tenant, outcome, sort_ts);
CREATE INDEX IF NOT EXISTS tasks_open ON tasks (tenant, agent_id, last_ts) WHERE outcome IS NULL;
CREATE INDEX IF NOT EXISTS tasks_project ON tasks (tenant, project_id, sort_ts) WHERE project_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS tasks_session ON tasks (tenant, session_id, sort_ts) WHERE session_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS tasks_user ON tasks (tenant, user_id, sort_ts) WHERE user_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS session_parts (
  tenant TEXT NOT NULL, session_id TEXT NOT NULL, agent_id TEXT NOT NULL, user_id TEXT NOT NULL, scope_id INTEGER NOT NULL,
  first_ts INTEGER NOT NULL, last_ts INTEGER NOT NULL, {_SESSION},
  PRIMARY KEY (tenant, session_id, agent_id, user_id, scope_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_newest ON session_parts (tenant, last_ts);
CREATE INDEX IF NOT EXISTS sessions_agent ON session_parts (tenant, agent_id, last_ts);
CREATE INDEX IF NOT EXISTS sessions_user ON session_parts (tenant, user_id, last_ts);
CREATE TABLE IF NOT EXISTS issues (
  tenant TEXT NOT NULL, agent_id TEXT NOT NULL, issue_key TEXT NOT NULL,
  issue_id TEXT, first_ts INTEGER NOT NULL, occurrences INTEGER NOT NULL,
  reported_ts INTEGER, reported TEXT, task_id TEXT, project_id TEXT,
  closed_ts INTEGER, closed_action TEXT, is_closed INTEGER NOT NULL, reopened_ts INTEGER, scope_id INTEGER NOT NULL,
  PRIMARY KEY (tenant, agent_id, issue_key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS issues_newest ON issues (tenant, reported_ts);
CREATE TABLE IF NOT EXISTS issue_tasks (
  tenant TEXT NOT NULL, agent_id TEXT NOT NULL, issue_key TEXT NOT NULL, task_id TEXT NOT NULL, task_run_id TEXT NOT NULL,
  PRIMARY KEY (tenant, agent_id, issue_key, task_id, task_run_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS approvals (
  tenant TEXT NOT NULL, event_id TEXT NOT NULL, is_request INTEGER NOT NULL,
  agent_id TEXT NOT NULL, task_id TEXT, task_run_id TEXT NOT NULL, approval_id TEXT, ts INTEGER NOT NULL,
  project_id TEXT, scope_id INTEGER NOT NULL, body TEXT NOT NULL,
  answer_event TEXT, answered_ts INTEGER, decision TEXT, approved_by TEXT,
  run_ended_ts INTEGER,
  PRIMARY KEY (tenant, event_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS approvals_scope ON approvals (tenant, agent_id, task_id, ts);
CREATE INDEX IF NOT EXISTS approvals_by_id ON approvals (tenant, approval_id) WHERE approval_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS approvals_run ON approvals (tenant, task_id, task_run_id) WHERE is_request = 1;
CREATE INDEX IF NOT EXISTS approvals_newest ON approvals (tenant, ts) WHERE is_request = 1;
CREATE INDEX IF NOT EXISTS approvals_open ON approvals (tenant, agent_id, task_id, task_run_id, ts)
  WHERE is_request = 1 AND answer_event IS NULL AND run_ended_ts IS NULL;
CREATE INDEX IF NOT EXISTS approvals_expired ON approvals (tenant, run_ended_ts)
  WHERE is_request = 1 AND answer_event IS NULL AND run_ended_ts IS NOT NULL;
CREATE TABLE IF NOT EXISTS latest (
  tenant TEXT NOT NULL, agent_id TEXT NOT NULL, kind TEXT NOT NULL, item_key TEXT NOT NULL,
  ts INTEGER NOT NULL, first_ts INTEGER NOT NULL, events INTEGER NOT NULL,
  project_id TEXT, task_id TEXT, payload BLOB, scope_id INTEGER NOT NULL,
  PRIMARY KEY (tenant, agent_id, kind, item_key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS projects (
  tenant TEXT NOT NULL, project_id TEXT NOT NULL, agent_id TEXT NOT NULL,
  first_ts INTEGER NOT NULL, last_ts INTEGER NOT NULL, events INTEGER NOT NULL,
  PRIMARY KEY (tenant, project_id, agent_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS processes (
  tenant TEXT NOT NULL, process TEXT NOT NULL, last_received INTEGER NOT NULL,
  PRIMARY KEY (tenant, process)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS agent_scopes (
  tenant TEXT NOT NULL, agent_id TEXT NOT NULL, scope_id INTEGER NOT NULL,
  PRIMARY KEY (tenant, agent_id, scope_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
  tenant TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, kind, id)) WITHOUT ROWID;
"""

_USAGE = ", ".join(f"{name} INTEGER NOT NULL" for name in USAGE_COUNTERS)
_ROLLUPS = f"""
CREATE TABLE IF NOT EXISTS llm_usage (
  tenant TEXT NOT NULL, grain INTEGER NOT NULL, bucket INTEGER NOT NULL,
  agent_id TEXT NOT NULL, model TEXT NOT NULL, scope_id INTEGER NOT NULL,
  {_USAGE},
  PRIMARY KEY (tenant, grain, bucket, agent_id, model, scope_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS llm_usage_by_model (
  tenant TEXT NOT NULL, grain INTEGER NOT NULL, bucket INTEGER NOT NULL, model TEXT NOT NULL,
  {_USAGE},
  PRIMARY KEY (tenant, grain, bucket, model)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS task_outcomes (
  tenant TEXT NOT NULL, grain INTEGER NOT NULL, bucket INTEGER NOT NULL,
  agent_id TEXT NOT NULL, scope_id INTEGER NOT NULL,
  completed INTEGER NOT NULL, failed INTEGER NOT NULL, other INTEGER NOT NULL, escalated INTEGER NOT NULL,
  timed INTEGER NOT NULL, duration_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant, grain, bucket, agent_id, scope_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS agent_activity (
  tenant TEXT NOT NULL, grain INTEGER NOT NULL, bucket INTEGER NOT NULL,
  agent_id TEXT NOT NULL, scope_id INTEGER NOT NULL,
  events INTEGER NOT NULL, errors INTEGER NOT NULL, heartbeats INTEGER NOT NULL,
  PRIMARY KEY (tenant, grain, bucket, agent_id, scope_id)) WITHOUT ROWID;
"""

#: Tables that can be rebuilt from events; ``hiveboard verify`` recounts exactly these.
SUMMARY_TABLES = (
    "agents", "tasks", "session_parts", "issues", "issue_tasks", "approvals", "latest", "projects", "agent_scopes", "processes",
    "llm_usage", "llm_usage_by_model", "task_outcomes", "agent_activity",
    *(tally.name for tally in TALLIES),
)  # fmt: skip


def require_readable(connection: sqlite3.Connection) -> int:
    """Raise sqlite3.DatabaseError for a store of another version. Returns the version, 0 of an empty file."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise sqlite3.DatabaseError(
            f"the store was written by a newer HiveBoard (schema {version}, this one reads {SCHEMA_VERSION})"
        )
    if 0 < version < SCHEMA_VERSION:
        raise sqlite3.DatabaseError(
            f"the store was written by an earlier HiveBoard (schema {version}, this one reads {SCHEMA_VERSION}); "
            "start with another file"
        )
    return version


def create(connection: sqlite3.Connection) -> None:
    """Create what is missing, refuse a file of another version."""
    require_readable(connection)
    connection.executescript(_EVENTS + _STATE + _ROLLUPS + TALLY_SCHEMA + CHANGES_SCHEMA)
    connection.executemany(
        "INSERT OR IGNORE INTO labels (id, event_type, kind) VALUES (?, ?, NULL)",
        [(number, event_type) for event_type, number in TYPE_LABELS.items()],
    )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
