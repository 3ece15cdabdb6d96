/** From which value on a number is a warning or an alarm, as the settings of the collector say. */

import { signal } from "@preact/signals";

/** The kinds of thresholds, in the order of the settings. */
export const THRESHOLDS = [
  "success_rate",
  "waiting_agents",
  "stuck_agents",
  "error_agents",
  "cost_1h",
  "avg_duration_ms",
  "heartbeat_age_seconds",
  "no_progress_seconds",
] as const;
export type ThresholdName = (typeof THRESHOLDS)[number];

/** null is never. */
export interface Limits {
  wait: number | null;
  bad: number | null;
}

export type Thresholds = Readonly<Record<ThresholdName, Limits>>;

const NEVER: Limits = { wait: null, bad: null };

/** As a collector has them that nobody told otherwise. */
export const FIRST_THRESHOLDS: Thresholds = {
  success_rate: { wait: 0.95, bad: 0.8 },
  waiting_agents: { wait: 1, bad: null },
  stuck_agents: { wait: null, bad: 1 },
  error_agents: { wait: null, bad: 1 },
  cost_1h: NEVER,
  avg_duration_ms: NEVER,
  heartbeat_age_seconds: NEVER,
  no_progress_seconds: NEVER,
};

/** Those in force. */
export const thresholds = signal<Thresholds>(FIRST_THRESHOLDS);

/** Take what the collector answered; what it does not know stays as it is at first. */
export function takeThresholds(answer: Partial<Record<string, Limits>>): void {
  thresholds.value = Object.fromEntries(THRESHOLDS.map((name) => [name, answer[name] ?? FIRST_THRESHOLDS[name]])) as unknown as Thresholds;
}

/** The tone of a number that is worse the higher it is; neutral below both limits. */
export function toneAbove(value: number | null | undefined, limits: Limits): "bad" | "wait" | "none" {
  if (value === null || value === undefined || !Number.isFinite(value)) return "none";
  if (limits.bad !== null && value >= limits.bad) return "bad";
  return limits.wait !== null && value >= limits.wait ? "wait" : "none";
}

/** The tone of a number that is worse the lower it is: good above the limits, neutral where there are none. */
export function toneBelow(value: number | null | undefined, limits: Limits): "bad" | "wait" | "good" | "none" {
  if (value === null || value === undefined || !Number.isFinite(value)) return "none";
  if (limits.bad === null && limits.wait === null) return "none";
  if (limits.bad !== null && value < limits.bad) return "bad";
  return limits.wait !== null && value < limits.wait ? "wait" : "good";
}
