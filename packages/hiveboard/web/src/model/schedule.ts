/** Recurring work as agents tell it: when it runs next, also where only the last run and the interval are told. */

import type { ScheduledItem } from "../api/pipeline";
import { instant } from "../format";
import { asText } from "./json";

const SECOND = 1000;
const UNITS: readonly [word: RegExp, ms: number][] = [
  [/^(s|secs?|seconds?)$/, SECOND],
  [/^(m|min|mins?|minutes?)$/, 60 * SECOND],
  [/^(h|hrs?|hours?|hourly)$/, 3600 * SECOND],
  [/^(d|days?|daily)$/, 86_400 * SECOND],
  [/^(w|weeks?|weekly)$/, 7 * 86_400 * SECOND],
];
/** Later than this part of its interval, a run is late; within it, clocks and queues differ. */
const GRACE = 0.1;
const LEAST_GRACE_MS = 60 * SECOND;

/** An interval in milliseconds: a number of seconds, `10m`, `1 h 30 m`, `daily`; null for what is none, like a cron line. */
export function intervalMs(value: unknown): number | null {
  if (typeof value === "number") return value > 0 && Number.isFinite(value) ? value * SECOND : null;
  const text = asText(value)?.trim().toLowerCase().replace(/^every\s+/, "") ?? "";
  if (/^\d+(\.\d+)?$/.test(text)) return intervalMs(Number(text));
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)?\s*([a-z]+)/g)];
  // Words between the parts, or signs no interval has, make it something else.
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== text.replace(/(?<=[a-z])\s+/g, "")) return null;
  let sum = 0;
  for (const [, number, word = ""] of parts) {
    const unit = UNITS.find(([pattern]) => pattern.test(word));
    if (!unit || (number === undefined && parts.length > 1)) return null;
    sum += Number(number ?? 1) * unit[1];
  }
  return sum > 0 ? sum : null;
}

export interface NextRun {
  /** Milliseconds since the epoch. */
  at: number;
  /** The agent did not tell it: it follows from the last run and the interval. */
  reckoned: boolean;
  /** Should have begun before now, by more than clocks and queues differ. */
  overdue: boolean;
}

/** When the item runs next; null where nothing tells, or where it is switched off. */
export function nextRun(item: ScheduledItem, now: number): NextRun | null {
  if (item.enabled === false) return null;
  const told = instant(asText(item.next_run));
  const last = instant(asText(item.last_run));
  const every = intervalMs(item.interval);
  const reckoned = last === null || every === null ? null : last + every;
  const at = told ?? reckoned;
  if (at === null) return null;
  const grace = Math.max(LEAST_GRACE_MS, (every ?? 0) * GRACE);
  return { at, reckoned: told === null, overdue: now - at > grace };
}

/** What is overdue first, then what comes next; what is off or tells no time stands last. */
export function bySoonest(now: number): (a: ScheduledItem, b: ScheduledItem) => number {
  const at = (item: ScheduledItem) => nextRun(item, now)?.at ?? Infinity;
  // Two unknowns are equal; their difference would be no number.
  return (a, b) => (at(a) === at(b) ? 0 : at(a) - at(b));
}
