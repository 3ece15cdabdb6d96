/** Retries of the latest events, by run: how often, for what, and how long they waited. */

import type { HiveEvent } from "../api/types";
import { asNumber, asText, field, summaryOf } from "./json";

export interface RetryRow {
  key: string;
  agentId: string;
  taskId: string | null;
  runId: string | null;
  /** Retries told. */
  times: number;
  /** Attempt of the latest one, as the agent counts. */
  attempt: number | null;
  /** Sum of the pauses that were told; null where none was. */
  waitedMs: number | null;
  /** Why, by the latest one. */
  reason: string | null;
  at: string;
}

/** One row per run and reason, the latest first. `events` are newest first. */
export function retryRows(events: readonly HiveEvent[]): RetryRow[] {
  const rows = new Map<string, RetryRow>();
  for (const event of events) {
    if (event.event_type !== "retry_started") continue;
    const reason = asText(field(event, "reason")) ?? asText(field(event, "original_error")) ?? summaryOf(event);
    const key = JSON.stringify([event.agent_id, event.task_id, event.task_run_id, reason]);
    const seconds = asNumber(field(event, "backoff_seconds"));
    const waited = seconds === null || seconds < 0 ? null : seconds * 1000;
    const row = rows.get(key);
    if (row) {
      row.times += 1;
      if (waited !== null) row.waitedMs = (row.waitedMs ?? 0) + waited;
      continue;
    }
    rows.set(key, {
      key,
      agentId: event.agent_id,
      taskId: event.task_id ?? null,
      runId: event.task_run_id ?? null,
      times: 1,
      attempt: asNumber(field(event, "attempt")),
      waitedMs: waited,
      reason,
      at: event.timestamp,
    });
  }
  return [...rows.values()];
}
