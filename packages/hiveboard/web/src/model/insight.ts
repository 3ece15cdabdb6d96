/** What the number of a question means: how it is written, and whether more of it is better or worse. */

import type { BreakdownColumn, Evidence, Insight } from "../api/insights";
import { count, duration, instant, money, oneLine, percent, UNKNOWN } from "../format";

export const GROUPS = [
  { id: "glance", title: "Glance", about: "Is everything alright?" },
  { id: "investigation", title: "Investigation", about: "What happened in the runs?" },
  { id: "optimization", title: "Optimization", about: "Where do money and time go?" },
  { id: "review", title: "Review", about: "Does it get better?" },
] as const;

const MORE_IS_BETTER = new Set(
  "work-flowing heartbeats success-rate cache-hits fleet-health ready-to-scale self-correction return".split(" "),
);
/** Of what is in neither list, more is neither good nor bad: calls, runs, steps. */
const LESS_IS_BETTER = new Set(
  (
    "needs-attention stuck pending-work reported-problems failed-plans failed-tools step-durations cost expensive-models " +
    "cost-change prompt-bloat similar-agents dropped-work idle-with-queue refused-calls heartbeat-drift approvals-waiting " +
    "failing-action recurring-issues turn-costs context-pressure cut-off retry-rate waste durations fails-most cost-per-run"
  ).split(" "),
);
/** Quotients of two like quantities, not shares of a whole. */
const TIMES = new Set(["prompt-bloat", "similar-agents", "turn-costs", "times", "in_per_out"]);
/** Differences of two shares. */
const DIFFERENCES = new Set(["deploys"]);
/** Changes smaller than this part of the number are none. */
const STEADY = 0.005;

export interface Written {
  text: string;
  /** What is counted; empty where the text says it. */
  unit: string;
}

/** `runs` of one thing is `run`. */
function named(unit: string, value: number): string {
  const words = unit.replace(/_/g, " ");
  return value === 1 ? words.replace(/s$/, "") : words;
}

/** A number with its unit; `id` is the question's or the column's. */
export function written(value: number | null | undefined, unit: string, id = ""): Written {
  if (typeof value !== "number" || !Number.isFinite(value)) return { text: UNKNOWN, unit: "" };
  switch (unit) {
    case "usd":
      return { text: money(value), unit: "" };
    case "ms":
      return { text: duration(value), unit: "" };
    case "seconds":
      return { text: duration(value * 1000), unit: "" };
    case "minutes":
      return { text: duration(value * 60_000), unit: "" };
    case "ratio":
      if (DIFFERENCES.has(id)) return { text: `${value > 0 ? "+" : ""}${count(value * 100)}`, unit: "points" };
      return { text: TIMES.has(id) ? `${count(value)}×` : percent(value), unit: "" };
    case "per_hour":
      return { text: count(value), unit: "per hour" };
    case "runs_per_usd":
      return { text: count(value), unit: value === 1 ? "run per dollar" : "runs per dollar" };
    case "points":
      return { text: count(value), unit: "of 100 points" };
    case "number":
    case "":
      return { text: count(value), unit: "" };
    default:
      return { text: count(value), unit: oneLine(named(unit, value), 40) };
  }
}

export interface Trend {
  direction: "up" | "down" | "flat";
  /** `good` and `bad` by what the number means, never by its direction alone. */
  tone: "good" | "bad" | "none";
  /** `12 %`, `3.1 points`, `from 0`, `steady`. */
  text: string;
  /** The whole as a sentence, for those who hear it. */
  spoken: string;
}

function amount(insight: Insight, previous: number, change: number): string {
  if (insight.unit === "ratio" && !TIMES.has(insight.id)) return `${count(Math.abs(change) * 100)} points`;
  if (previous === 0) return `from ${written(0, insight.unit, insight.id).text}`;
  const part = Math.abs(change / previous);
  return part >= 10 ? `${count(Math.abs((previous + change) / previous))}×` : percent(part);
}

function meaning(id: string, direction: "up" | "down"): Trend["tone"] {
  if (MORE_IS_BETTER.has(id)) return direction === "up" ? "good" : "bad";
  if (LESS_IS_BETTER.has(id)) return direction === "down" ? "good" : "bad";
  return "none";
}

/** How the number moved since the period before; null where that is not known or has no meaning. */
export function trendOf(insight: Insight, before: string): Trend | null {
  const { previous, change } = insight;
  if (previous === null || change === null) return null;
  const size = Math.max(Math.abs(previous), Math.abs(previous + change));
  const was = written(previous, insight.unit, insight.id).text;
  if (size === 0 || Math.abs(change) / size < STEADY)
    return { direction: "flat", tone: "none", text: "steady", spoken: `as in ${before}, ${was}` };
  const direction = change > 0 ? "up" : "down";
  // Where nothing was before, more money or more work is a beginning, neither good nor bad.
  const isBeginning = previous === 0 && ["usd", "per_hour"].includes(insight.unit);
  const tone = isBeginning ? "none" : meaning(insight.id, direction);
  const text = amount(insight, previous, change);
  const judged = tone === "none" ? "" : tone === "good" ? ": better" : ": worse";
  const move = text.startsWith("from ") ? `${direction} ${text}` : `${direction} ${text} from ${was}`;
  return { direction, tone, text, spoken: `${move} in ${before}${judged}` };
}

/** Known points without which a line would show nothing. */
const FEWEST_POINTS = 3;

/** Values of a trend's points; null where too few are known to draw a line. */
export function drawable(insight: Insight): (number | null)[] | null {
  const values = insight.trend.map((point) => point.value);
  return values.filter((value) => value !== null).length >= FEWEST_POINTS ? values : null;
}

/** An address within the page, or null: nothing else may be followed from here. */
export function inside(evidence: Evidence): string | null {
  return /^#\/[a-z]/.test(evidence.link) ? evidence.link : null;
}

/** A cell of a breakdown as text; null is unknown. */
export function cellText(value: unknown, column: BreakdownColumn): string {
  if (value === null || value === undefined || value === "") return UNKNOWN;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return numberText(value, column);
  return oneLine(typeof value === "string" ? value : JSON.stringify(value), 200);
}

function numberText(value: number, column: BreakdownColumn): string {
  if (column.unit === "number" && value > 0 && value < 1) return percent(value);
  return written(value, column.unit, column.key).text;
}

export function isNumeric(column: BreakdownColumn): boolean {
  return !["text", "flag", "time"].includes(column.unit);
}

/** The largest value of the first column of numbers, by which the bars of a breakdown are drawn. */
export function barScale(columns: readonly BreakdownColumn[], rows: readonly Record<string, unknown>[]): { key: string; top: number } | null {
  const column = columns.find(isNumeric);
  if (!column) return null;
  const values = rows.map((row) => row[column.key]).filter((value): value is number => typeof value === "number" && value > 0);
  return values.length > 1 ? { key: column.key, top: Math.max(...values) } : null;
}

/** Quoted where a comma, a quote or a line end asks for it; what a spreadsheet would take for a formula stays text. */
function csvCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

export function csv(columns: readonly BreakdownColumn[], rows: readonly Record<string, unknown>[]): string {
  const plain = (column: BreakdownColumn) => ["text", "flag", "time", "number", ""].includes(column.unit);
  const heads = columns.map((column) => csvCell(plain(column) ? column.title : `${column.title} (${column.unit})`));
  const lines = rows.map((row) => columns.map((column) => csvCell(row[column.key])).join(","));
  return `${[heads.join(","), ...lines].join("\r\n")}\r\n`;
}

/** Times of the first and the last point. */
export function trendEnds(insight: Insight): [string, string] | null {
  const [first, last] = [insight.trend[0]?.timestamp, insight.trend.at(-1)?.timestamp];
  return first && last && instant(first) !== null && instant(last) !== null ? [first, last] : null;
}
