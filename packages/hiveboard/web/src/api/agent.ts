/** Shapes of one agent: its last day, its heartbeats, its versions, what waits for it. */

import type { Issue, Approval, QueueState, ScheduledItem, Todo } from "./pipeline";
import type { Agent, AgentStats, Json, MetricsBucket } from "./types";

export interface Beat {
  timestamp: string;
  received_at: string;
  payload: Json;
}

export interface AgentDetail extends Agent {
  open_tasks?: number;
  environments?: string[];
  groups?: string[];
  stats_24h: AgentStats;
  metrics_timeseries: MetricsBucket[];
  /** The newest first. */
  heartbeat_history: Beat[];
}

/** The runs of one version in a range. */
export interface VersionSums {
  version: string | null;
  tasks_completed?: number | null;
  tasks_failed?: number | null;
  success_rate?: number | null;
  avg_duration_ms?: number | null;
  total_cost?: number | null;
  cost?: number | null;
  estimated_cost?: number | null;
}

export interface AgentPipeline {
  queue: QueueState | null;
  todos: Todo[];
  scheduled: (ScheduledItem | Json)[];
  issues: Issue[];
  approvals: Approval[];
}
