/** Shapes of what waits: issues, approvals, queues, to-dos, the schedule. */

import type { Json } from "./types";

export interface Issue {
  /** Its address; absent from collectors that cannot act on it. */
  id?: string;
  issue_id: string | null;
  agent_id: string;
  severity: string | null;
  category: string | null;
  summary: string | null;
  status?: string | null;
  occurrences?: number | null;
  occurrence_count?: number | null;
  first_seen?: string | null;
  last_seen?: string | null;
  affected_tasks?: number | null;
  affected_cost?: number | null;
  timestamp?: string | null;
  context?: Json;
}

export interface Approval {
  event_id?: string;
  approval_id: string | null;
  /** A program waits for the answer at this moment. */
  listening?: boolean;
  agent_id: string;
  task_id?: string | null;
  task_run_id?: string | null;
  summary: string | null;
  approver?: string | null;
  reason?: string | null;
  requested_at?: string | null;
  timestamp?: string | null;
}

export interface Todo {
  todo_id: string;
  agent_id: string;
  action: string | null;
  priority: string | null;
  source: string | null;
  summary?: string | null;
  due_by?: string | null;
  context?: Json;
  created_at?: string | null;
  timestamp?: string | null;
}

/** As an agent sent it: the fields may hold anything. */
export interface ScheduledItem {
  agent_id: string;
  id?: string | null;
  name?: string | null;
  next_run?: string | null;
  interval?: string | number | null;
  enabled?: boolean | null;
  last_status?: string | null;
  last_run?: string | null;
  status?: string | null;
}

export interface QueueItem {
  id?: string | null;
  priority?: string | null;
  source?: string | null;
  summary?: string | null;
  queued_at?: string | null;
}

export interface QueueState {
  agent_id: string;
  depth: number | null;
  oldest_age_seconds?: number | null;
  items?: QueueItem[] | null;
  processing?: { id?: string; summary?: string; started_at?: string; elapsed_ms?: number } | null;
  snapshot_at?: string | null;
}

export interface FleetPipeline {
  totals: {
    queue_depth: number;
    active_issues: number;
    active_todos: number;
    scheduled_count: number;
    pending_approvals: number;
  };
  queues: QueueState[];
  todos: Todo[];
  scheduled: ScheduledItem[];
  issues: Issue[];
  approvals: Approval[];
}
