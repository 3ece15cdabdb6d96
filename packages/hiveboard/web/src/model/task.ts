/** Facts about task rows that several views share. */

import type { TaskRow } from "../api/types";
import { clock } from "../format";
import { statusLook } from "./status";

export const TASK_SORTS = ["newest", "oldest", "duration", "cost"] as const;
export type TaskSort = (typeof TASK_SORTS)[number];

/** A run is named by agent, task and run together. */
export function rowKey(row: Pick<TaskRow, "agent_id" | "task_id" | "task_run_id">): string {
  return `${row.agent_id}\n${row.task_id}\n${row.task_run_id ?? ""}`;
}

/** Why a run that nobody chose is shown. */
export function whyTelling(row: TaskRow): string {
  const { urgency } = statusLook(row.derived_status);
  if (row.derived_status === "waiting") return "Shown first because it waits for a person";
  if (row.derived_status === "stuck") return "Shown first because its agent is stuck";
  if (urgency <= 2) return "Shown first because it failed lately";
  return row.derived_status === "processing" ? "Shown first because it is at work" : "Shown first because it is the newest";
}

/** What is last known of a run whose process vanished, null for every other run. */
export function lostNote(row: TaskRow): string | null {
  if (row.derived_status !== "lost") return null;
  const step = row.last_step;
  const last = step ? ` Its last step was ${step.name ?? step.type}, at ${clock(step.timestamp)}.` : "";
  return `Nothing was heard of its process since ${clock(row.lost_since)}.${last}`;
}

/** The run to look at first: what waits or went wrong among the newest, else what is at work, else the newest. */
export function mostTelling(rows: readonly TaskRow[]): TaskRow | null {
  const recent = rows.slice(0, 30);
  const rank = (row: TaskRow) => {
    const { urgency } = statusLook(row.derived_status);
    return urgency <= 2 ? 0 : row.derived_status === "processing" ? 1 : 2;
  };
  return recent.reduce<TaskRow | null>((best, row) => (best === null || rank(row) < rank(best) ? row : best), null);
}
