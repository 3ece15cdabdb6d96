/** Shapes of the comparison of two runs. */

import type { TaskRow } from "./types";

/** One figure of both runs; `change` is b minus a. */
export interface Delta {
  a: number | null;
  b: number | null;
  change: number | null;
}

export interface ToolDelta {
  kind: string;
  name: string;
  a_calls: number;
  b_calls: number;
  a_failed: number;
  b_failed: number;
  duration_ms: Delta;
  cost: Delta;
}

export interface RunStep {
  event_id: string | null;
  action_id: string | null;
  depth: number;
  kind: string;
  name: string;
  label: string;
  model: string | null;
  status: string | null;
  arguments: string | null;
  started_at: string;
  duration_ms: number | null;
  cost: number | null;
  tokens_in: number | null;
  tokens_out: number | null;
  error: string | null;
}

export interface DiffRow {
  /** `same`, `changed`, `only_a` or `only_b`. */
  op: string;
  /** What differs: arguments, model, status, error. */
  changed: string[];
  a: RunStep | null;
  b: RunStep | null;
}

export interface RunDiff {
  a: TaskRow;
  b: TaskRow;
  identical: boolean;
  summary: string;
  first_divergence: { index: number; after: string | null; text: string } | null;
  same_steps: number;
  changed_steps: number;
  only_a_steps: number;
  only_b_steps: number;
  duration_ms: Delta;
  cost: Delta;
  tokens_in: Delta;
  tokens_out: Delta;
  llm_calls: Delta;
  actions: Delta;
  errors: Delta;
  retries: Delta;
  tools: ToolDelta[];
  rows: DiffRow[];
  rows_omitted: number;
  is_partial: boolean;
}
