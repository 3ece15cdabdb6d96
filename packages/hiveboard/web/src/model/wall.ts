/** What the wall monitor says: which agents a number stands for, and the state of the fleet in a few words. */

import type { Agent } from "../api/types";
import { needsAttention, progress, type Tone } from "./status";

/** The agents behind a number of the wall, the most telling first; without one all, as they come: by urgency. */
export function agentsBehind(all: readonly Agent[], show: string): readonly Agent[] {
  const most = (of: (agent: Agent) => number | null) =>
    all.filter((agent) => (of(agent) ?? 0) > 0).sort((a, b) => (of(b) ?? 0) - (of(a) ?? 0));
  if (show === "failed") return most((agent) => agent.stats_1h.tasks_failed);
  if (show === "cost") return most((agent) => agent.stats_1h.total_cost);
  if (show === "duration") return most((agent) => agent.stats_1h.avg_duration_ms);
  return show ? all.filter((agent) => agent.derived_status === show) : all;
}

export interface Verdict {
  tone: Tone;
  /** At most a few words, readable in two seconds. */
  text: string;
  /** What it is about, by kind; empty when all is well. */
  parts: readonly string[];
}

const KINDS: readonly [words: string, tone: Tone, holds: (agent: Agent) => boolean][] = [
  ["stuck", "bad", (agent) => agent.derived_status === "stuck"],
  ["in error", "bad", (agent) => agent.derived_status === "error"],
  ["without progress", "bad", (agent) => progress(agent) === "stalled"],
  ["waiting for a person", "wait", (agent) => agent.derived_status === "waiting_approval"],
];

/** The state of the fleet: how many agents need somebody and why; good only when none does. */
export function verdict(agents: readonly Agent[]): Verdict {
  const found = KINDS.map(([words, tone, holds]) => ({ words, tone, number: agents.filter(holds).length })).filter(
    (kind) => kind.number > 0,
  );
  if (found.length === 0) return { tone: "good", text: "All is well", parts: [] };
  const number = agents.filter(needsAttention).length;
  return {
    tone: found.some((kind) => kind.tone === "bad") ? "bad" : "wait",
    text: `${number} ${number === 1 ? "needs" : "need"} you`,
    parts: found.map((kind) => `${kind.number} ${kind.words}`),
  };
}
