/** Shapes of the collector's answers. Field names are those of the wire protocol. */

export interface Page<T> {
  data: T[];
  pagination: { cursor: string | null; has_more: boolean };
}

export interface AgentStats {
  tasks_completed: number;
  tasks_failed: number;
  success_rate: number | null;
  avg_duration_ms: number | null;
  total_cost: number | null;
  /** The part of `total_cost` that the collector estimated. */
  estimated_cost?: number | null;
  llm_call_count: number;
  throughput: number;
  queue_depth: number | null;
  active_issues: number;
}

export interface Agent {
  agent_id: string;
  agent_type: string | null;
  agent_version: string | null;
  framework: string | null;
  runtime: string | null;
  sdk_version: string | null;
  environment: string;
  group: string;
  derived_status: string;
  current_task_id: string | null;
  current_task_run_id?: string | null;
  current_task_started_at?: string | null;
  current_project_id: string | null;
  last_heartbeat: string | null;
  heartbeat_age_seconds: number | null;
  is_stuck: boolean;
  stuck_threshold_seconds: number | null;
  no_progress_seconds?: number | null;
  first_seen: string | null;
  last_seen: string | null;
  projects?: string[];
  stats_1h: AgentStats;
  sparkline_1h?: number[];
}

export interface TaskRow {
  task_id: string;
  task_run_id: string | null;
  task_type: string | null;
  agent_id: string;
  project_id: string | null;
  environment?: string | null;
  agent_version?: string | null;
  session_id?: string | null;
  user_id?: string | null;
  derived_status: string;
  started_at: string | null;
  completed_at: string | null;
  duration_ms: number | null;
  total_cost: number | null;
  total_tokens_in: number | null;
  total_tokens_out: number | null;
  llm_call_count: number;
  action_count: number;
  error_count: number;
  retry_count?: number;
  has_escalation: boolean;
  has_human_intervention: boolean;
  /** The part of `total_cost` that the collector estimated. */
  estimated_cost?: number | null;
  /** Why the run failed, on one line. */
  error?: string | null;
  /** When the process of a lost run was last heard. */
  lost_since?: string | null;
  /** The latest event of the run. */
  last_step?: { name: string | null; type: string; timestamp: string } | null;
  no_progress_seconds?: number | null;
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface HiveEvent {
  event_id: string;
  agent_id: string;
  agent_type?: string | null;
  project_id?: string | null;
  timestamp: string;
  received_at?: string;
  environment?: string;
  group?: string;
  task_id?: string | null;
  task_type?: string | null;
  task_run_id?: string | null;
  action_id?: string | null;
  parent_action_id?: string | null;
  event_type: string;
  severity: string;
  status?: string | null;
  duration_ms?: number | null;
  payload: JsonObject | null;
  render_hint?: string | null;
  /** What happened, as a sentence without its subject: the agent is drawn beside it. */
  headline: string;
  /** Of an LLM call, as reported or estimated, in US dollars. */
  cost?: number | null;
  cost_source?: string | null;
}

export interface LlmCall {
  event_id: string;
  agent_id?: string;
  project_id?: string | null;
  task_id?: string | null;
  task_run_id?: string | null;
  action_id?: string | null;
  timestamp: string;
  name: string | null;
  model: string | null;
  tokens_in: number | null;
  tokens_out: number | null;
  cost: number | null;
  duration_ms: number | null;
  cost_source?: string | null;
  cost_model_matched?: string | null;
  prompt_preview?: Json;
  response_preview?: Json;
  metadata?: Json;
}

/** A call inside an action tree: no previews, its end instead of a timestamp. */
export type TreeCall = Omit<LlmCall, "timestamp"> & { started_at: string; completed_at: string };

export interface ActionNode {
  action_id: string;
  parent_action_id: string | null;
  name: string | null;
  /** What its adapter calls it: node, chain, agent, tool, retrieval; null for actions made by hand. */
  kind?: string | null;
  status: string | null;
  started_at: string | null;
  duration_ms: number | null;
  llm_calls?: TreeCall[];
  error?: Json;
  children?: ActionNode[];
}

/** Where the time went, in milliseconds. */
export interface TimeBreakdown {
  /** Null when no call told how long it took. */
  llm_ms: number | null;
  tool_ms: number | null;
  /** For people. */
  waiting_ms?: number | null;
  other_ms: number | null;
  /** Calls that did not tell how long they took: their time is in the other parts. */
  untimed_llm_calls?: number;
  /** Events of the run were left out: their time is in `other_ms`. */
  is_partial?: boolean;
}

export interface Timeline extends TaskRow {
  events: HiveEvent[];
  event_count?: number;
  events_truncated?: boolean;
  /** Of a very long run: how many events between its beginning and its end are missing, and from when to when. */
  events_omitted?: number;
  omitted_since?: string | null;
  omitted_until?: string | null;
  action_tree: ActionNode[];
  /** Calls of this run that belong to no action. */
  llm_calls?: TreeCall[];
  time_breakdown?: TimeBreakdown | null;
}

export interface MetricsBucket {
  timestamp: string;
  tasks_completed: number;
  tasks_failed: number;
  avg_duration_ms: number | null;
  cost: number | null;
  error_count: number;
  throughput: number;
}

export interface Metrics {
  range: string;
  interval: string;
  summary: {
    total_tasks: number;
    completed: number;
    failed: number;
    success_rate: number | null;
    avg_duration_ms: number | null;
    total_cost: number | null;
    estimated_cost?: number | null;
    avg_cost_per_task?: number | null;
  };
  timeseries: MetricsBucket[];
}

export interface CostGroup {
  agent_id?: string | null;
  model?: string | null;
  cost: number | null;
  call_count: number;
  tokens_in: number | null;
  tokens_out: number | null;
  estimated_cost?: number | null;
  /** Calls without any cost; they are in no sum. The next two say of some of them why. */
  unpriced_calls?: number | null;
  failed_calls?: number;
  calls_without_usage?: number;
}

export interface CostSummary {
  total_cost: number | null;
  call_count: number;
  total_tokens_in: number | null;
  total_tokens_out: number | null;
  reported_cost: number | null;
  estimated_cost: number | null;
  unpriced_calls?: number | null;
  failed_calls?: number;
  calls_without_usage?: number;
  by_agent: CostGroup[];
  by_model: CostGroup[];
}

export interface CostBucket {
  timestamp: string;
  cost: number | null;
  estimated_cost?: number | null;
  call_count: number;
  tokens_in: number | null;
  tokens_out: number | null;
}

export interface Project {
  project_id: string;
  name?: string | null;
  slug?: string | null;
}
