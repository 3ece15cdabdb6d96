/** What heartbeats tell: how regular they are, and the numbers they carry over time. */

import type { Agent } from "../api/types";
import type { Beat } from "../api/agent";
import { duration, instant, oneLine, span } from "../format";
import { asObject } from "./json";
import { progress } from "./status";

/** What the SDK keeps its own books by. */
const BOOKKEEPING = "hiveloop";
const MOST_SERIES = 24;
const DEEPEST = 3;

export interface BeatSeries {
  name: string;
  /** From the oldest to the newest heartbeat; null where it did not tell. */
  values: (number | null)[];
  last: number;
}

export interface BeatFact {
  name: string;
  text: string;
}

function collect(value: unknown, path: string, depth: number, into: Map<string, unknown>): void {
  const entries = Object.entries(asObject(value));
  if (path !== "" && (entries.length === 0 || depth >= DEEPEST)) {
    into.set(path, value);
    return;
  }
  for (const [key, inner] of entries) {
    if (depth === 0 && key === BOOKKEEPING) continue;
    const name = path === "" ? key : `${path}.${key}`;
    if (inner !== null && typeof inner === "object" && !Array.isArray(inner)) collect(inner, name, depth + 1, into);
    else into.set(name, inner);
  }
}

function told(beat: Beat): Map<string, unknown> {
  const found = new Map<string, unknown>();
  collect(beat.payload, "", 0, found);
  return found;
}

/** The numbers that heartbeats carry, each over time; `omitted` more are not shown. */
export function beatSeries(beats: readonly Beat[]): { series: BeatSeries[]; facts: BeatFact[]; omitted: number } {
  const inOrder = [...beats].reverse().map(told);
  const names = new Set(inOrder.flatMap((beat) => [...beat.keys()]));
  const series: BeatSeries[] = [];
  const facts: BeatFact[] = [];
  for (const name of names) {
    const values = inOrder.map((beat) => {
      const value = beat.get(name);
      return typeof value === "number" && Number.isFinite(value) ? value : null;
    });
    const last = values.findLast((value) => value !== null);
    if (last !== undefined && last !== null) series.push({ name, values, last });
    else {
      const value = inOrder.findLast((beat) => beat.has(name))?.get(name);
      facts.push({ name, text: oneLine(typeof value === "string" ? value : JSON.stringify(value ?? null), 300) });
    }
  }
  const omitted = Math.max(0, series.length - MOST_SERIES) + Math.max(0, facts.length - MOST_SERIES);
  return { series: series.slice(0, MOST_SERIES), facts: facts.slice(0, MOST_SERIES), omitted };
}

export interface Silence {
  /** Fractions of the time shown. */
  from: number;
  length: number;
  ms: number;
}

export interface Rhythm {
  /** When each heartbeat came, as fractions of the time shown. */
  beats: number[];
  /** Stretches without one that are longer than the threshold. */
  silences: Silence[];
  since: number;
  usualMs: number | null;
  longestMs: number | null;
}

/** When heartbeats came, from the oldest known until now; null when there was none. */
export function rhythm(beats: readonly Beat[], thresholdMs: number, now: number): Rhythm | null {
  const times = beats
    .map((beat) => instant(beat.timestamp))
    .filter((time): time is number => time !== null)
    .map((time) => Math.min(time, now)) // an agent's clock may be ahead
    .sort((a, b) => a - b);
  const [since] = times;
  if (since === undefined) return null;
  const whole = Math.max(1, now - since);
  const gaps = [...times.slice(1), now].map((time, index) => ({ at: times[index] ?? since, ms: Math.max(0, time - (times[index] ?? since)) }));
  const between = gaps
    .slice(0, -1)
    .map((gap) => gap.ms)
    .sort((a, b) => a - b);
  return {
    beats: times.map((time) => Math.min(1, (time - since) / whole)),
    silences: gaps
      .filter((gap) => gap.ms > thresholdMs)
      .map((gap) => ({ from: (gap.at - since) / whole, length: gap.ms / whole, ms: gap.ms })),
    since,
    usualMs: between[Math.floor(between.length / 2)] ?? null,
    longestMs: gaps.length > 0 ? Math.max(...gaps.map((gap) => gap.ms)) : null,
  };
}

export interface Note {
  tone: "bad" | "wait" | "lost";
  text: string;
}

/** What is wrong with an agent, as sentences; `silent` are the seconds since its last heartbeat. */
export function troubles(agent: Agent, silent: number | null, lostRuns: number): Note[] {
  const notes: Note[] = [];
  const threshold = span(agent.stuck_threshold_seconds);
  if (agent.derived_status === "stuck")
    notes.push({ tone: "bad", text: `Stuck: no heartbeat for ${span(silent)}, and its threshold is ${threshold}.` });
  if (agent.derived_status === "offline")
    notes.push({ tone: "wait", text: silent === null ? "Offline." : `Offline: its last heartbeat was ${span(silent)} ago.` });
  const pace = progress(agent);
  if (pace !== "fine" && agent.current_task_id)
    notes.push({
      tone: pace === "stalled" ? "bad" : "wait",
      text: `Its heartbeat goes on, but nothing happened in ${oneLine(agent.current_task_id, 80)} for ${duration((agent.no_progress_seconds ?? 0) * 1000)}.`,
    });
  if (lostRuns > 0)
    notes.push({
      tone: "lost",
      text:
        lostRuns === 1
          ? "One of its runs is lost: the process vanished before the run ended."
          : `${lostRuns} of its runs are lost: the process vanished before they ended.`,
    });
  return notes;
}
