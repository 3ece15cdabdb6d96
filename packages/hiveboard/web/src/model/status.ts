/** What each status means: its word, its tone, its shape, its place in the order of urgency. */

import type { Agent } from "../api/types";
import { thresholds, toneBelow } from "./thresholds";

export type Tone = "busy" | "wait" | "bad" | "good" | "idle" | "off" | "lost" | "human" | "retry" | "none";
export type Shape = "play" | "pause" | "octagon" | "cross" | "check" | "dot" | "ring" | "hatch" | "up" | "slash";

export interface StatusLook {
  word: string;
  tone: Tone;
  shape: Shape;
  /** 0 is the most urgent. */
  urgency: number;
}

const LOOKS: Record<string, StatusLook> = {
  stuck: { word: "Stuck", tone: "bad", shape: "octagon", urgency: 0 },
  error: { word: "Error", tone: "bad", shape: "cross", urgency: 1 },
  failed: { word: "Failed", tone: "bad", shape: "cross", urgency: 1 },
  waiting_approval: { word: "Waiting", tone: "wait", shape: "pause", urgency: 2 },
  waiting: { word: "Waiting", tone: "wait", shape: "pause", urgency: 2 },
  lost: { word: "Lost", tone: "lost", shape: "hatch", urgency: 3 },
  escalated: { word: "Escalated", tone: "human", shape: "up", urgency: 4 },
  processing: { word: "Processing", tone: "busy", shape: "play", urgency: 5 },
  idle: { word: "Idle", tone: "idle", shape: "dot", urgency: 6 },
  completed: { word: "Completed", tone: "good", shape: "check", urgency: 7 },
  cancelled: { word: "Cancelled", tone: "idle", shape: "slash", urgency: 8 },
  abandoned: { word: "Abandoned", tone: "idle", shape: "slash", urgency: 8 },
  aborted: { word: "Aborted", tone: "idle", shape: "slash", urgency: 8 },
  open: { word: "Open", tone: "busy", shape: "play", urgency: 5 },
  ended: { word: "Ended", tone: "idle", shape: "slash", urgency: 8 },
  offline: { word: "Offline", tone: "off", shape: "ring", urgency: 9 },
};

export const AGENT_STATUSES = ["stuck", "error", "waiting_approval", "processing", "idle", "offline"] as const;
/** Statuses of runs that the list can be filtered by, as far as is known before the collector says so. */
export const TASK_STATUSES = [
  "processing",
  "waiting",
  "stuck",
  "lost",
  "failed",
  "escalated",
  "completed",
  "cancelled",
  "abandoned",
  "aborted",
] as const;

/** The look of a status; one the page does not know is shown by its own name, neutrally. */
export function statusLook(status: string | null | undefined): StatusLook {
  const known = status && Object.hasOwn(LOOKS, status) ? LOOKS[status] : undefined;
  return known ?? { word: status || "Unknown", tone: "none", shape: "dot", urgency: 6 };
}

export function isOpen(taskStatus: string): boolean {
  return ["processing", "waiting", "stuck", "escalated"].includes(taskStatus);
}

export type Progress = "fine" | "slow" | "stalled";

/** Whether the open task moves: a wedged agent keeps beating, so the heartbeat alone proves nothing. */
export function progress(agent: Agent, secondsSinceFetch = 0): Progress {
  const silent = agent.no_progress_seconds;
  if (silent === null || silent === undefined || agent.derived_status !== "processing") return "fine";
  const own = agent.stuck_threshold_seconds ?? 300;
  const age = silent + secondsSinceFetch;
  const { wait, bad } = thresholds.value.no_progress_seconds;
  if (age > (bad ?? own)) return "stalled";
  return age > (wait ?? Math.min(bad ?? Infinity, Math.max(30, own / 4))) ? "slow" : "fine";
}

export function needsAttention(agent: Agent): boolean {
  return ["stuck", "error", "waiting_approval"].includes(agent.derived_status) || progress(agent) === "stalled";
}

/** Most urgent first, then those with issues, then by name, so that equal cards never trade places. */
export function byUrgency(a: Agent, b: Agent): number {
  return (
    rank(a) - rank(b) ||
    Number(b.stats_1h.active_issues > 0) - Number(a.stats_1h.active_issues > 0) ||
    (a.agent_id < b.agent_id ? -1 : a.agent_id > b.agent_id ? 1 : 0)
  );
}

function rank(agent: Agent): number {
  return progress(agent) === "stalled" ? 0.5 : statusLook(agent.derived_status).urgency;
}

/** The tone of a success rate by the thresholds of the settings. */
export function rateTone(rate: number | null | undefined): Tone {
  return toneBelow(rate, thresholds.value.success_rate);
}

/** Heartbeat age against the settings, or without them against the agent's own threshold. */
export function heartbeatTone(agent: Agent, ageSeconds: number | null): Tone {
  if (ageSeconds === null) return "off";
  if (agent.derived_status === "offline") return "off";
  const own = agent.stuck_threshold_seconds ?? 300;
  const { wait, bad } = thresholds.value.heartbeat_age_seconds;
  if (ageSeconds > (bad ?? own)) return "bad";
  return ageSeconds > (wait ?? Math.min(bad ?? Infinity, Math.max(60, own / 2))) ? "wait" : "good";
}
