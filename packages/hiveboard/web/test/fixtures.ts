/** Typed samples for the logic tests. */

import type { Agent, HiveEvent, JsonObject, Timeline } from "../src/api/types";

let serial = 0;

export function event(event_type: string, change: Partial<HiveEvent> = {}): HiveEvent {
  serial += 1;
  return {
    event_id: `e${serial}`,
    agent_id: "a",
    timestamp: "2026-02-10T14:00:00.000Z",
    event_type,
    severity: "info",
    headline: event_type,
    payload: null,
    ...change,
  };
}

export function custom(kind: string, data: JsonObject, change: Partial<HiveEvent> = {}, summary?: string): HiveEvent {
  return event("custom", { payload: { kind, data, ...(summary ? { summary } : {}) }, ...change });
}

export function agent(agent_id: string, derived_status: string, change: Partial<Agent> = {}): Agent {
  return {
    agent_id,
    derived_status,
    agent_type: null,
    agent_version: null,
    framework: null,
    runtime: null,
    sdk_version: null,
    environment: "production",
    group: "default",
    current_task_id: null,
    current_project_id: null,
    last_heartbeat: null,
    heartbeat_age_seconds: null,
    is_stuck: false,
    stuck_threshold_seconds: 300,
    first_seen: null,
    last_seen: null,
    stats_1h: {
      tasks_completed: 0,
      tasks_failed: 0,
      success_rate: null,
      avg_duration_ms: null,
      total_cost: null,
      llm_call_count: 0,
      throughput: 0,
      queue_depth: null,
      active_issues: 0,
    },
    ...change,
  };
}

export function at(seconds: number): string {
  return new Date(Date.UTC(2026, 1, 10, 14) + seconds * 1000).toISOString();
}

export function run(change: Partial<Timeline>): Timeline {
  return {
    task_id: "t",
    task_run_id: "r",
    task_type: null,
    agent_id: "a",
    project_id: null,
    derived_status: "completed",
    started_at: at(0),
    completed_at: at(10),
    duration_ms: 10_000,
    total_cost: null,
    total_tokens_in: null,
    total_tokens_out: null,
    llm_call_count: 0,
    action_count: 0,
    error_count: 0,
    has_escalation: false,
    has_human_intervention: false,
    events: [],
    action_tree: [],
    ...change,
  };
}
