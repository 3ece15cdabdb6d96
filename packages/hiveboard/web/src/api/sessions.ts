/** Shapes of sessions: the runs of one conversation. */

import type { Page, TaskRow } from "./types";

export interface Session {
  session_id: string;
  /** `open`, `lost`, `failed`, `completed` or `ended`. */
  derived_status: string;
  user_id: string | null;
  users: string[];
  agents: string[];
  projects: string[];
  environments: string[];
  first_event_at: string;
  last_event_at: string;
  run_count: number;
  open_runs: number;
  lost_runs: number;
  runs_completed: number;
  runs_failed: number;
  error_count: number;
  llm_call_count: number;
  total_tokens_in: number | null;
  total_tokens_out: number | null;
  total_cost: number | null;
  estimated_cost: number | null;
}

export interface SessionDetail extends Session {
  /** The newest first. */
  runs: TaskRow[];
  pagination: Page<TaskRow>["pagination"];
}
