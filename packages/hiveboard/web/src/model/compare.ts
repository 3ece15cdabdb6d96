/** Two runs side by side: how each is named in an address, what changed between them, which steps to show. */

import type { Delta, DiffRow, RunDiff } from "../api/diff";
import { percent } from "../format";
import type { Query } from "../router";

export type Side = "a" | "b";

export interface RunName {
  taskId: string;
  runId: string | null;
}

/** How a run stands in an address: `task:run`; where the colon would be ambiguous, the run has a field of its own. */
export function reference(side: Side, { taskId, runId }: RunName): Query {
  if (!runId) return { [side]: taskId, [`${side}_run`]: "" };
  return /[:\s]/.test(runId) || taskId.includes(":")
    ? { [side]: taskId, [`${side}_run`]: runId }
    : { [side]: `${taskId}:${runId}`, [`${side}_run`]: "" };
}

/** The address of a comparison. */
export function comparison(a: RunName, b: RunName): Query {
  return { ...reference("a", a), ...reference("b", b) };
}

/** Whether an address names this run on that side. */
export function names(query: Query, side: Side, run: RunName): boolean {
  const wanted = reference(side, run);
  return (query[side] ?? "") === wanted[side] && (query[`${side}_run`] ?? "") === wanted[`${side}_run`];
}

/** The same two runs, the other way around. */
export function swapped(query: Query): Query {
  const of = (name: string) => query[name] ?? "";
  return { a: of("b"), a_run: of("b_run"), b: of("a"), b_run: of("a_run") };
}

/** What marking one more run makes of the two marked ones: a run marked twice is not marked, a third replaces the second. */
export function marked(query: Query, run: RunName): Query {
  if (names(query, "a", run)) return { a: query["b"] ?? "", a_run: query["b_run"] ?? "", b: "", b_run: "" };
  if (names(query, "b", run)) return { b: "", b_run: "" };
  return reference(query["a"] ? "b" : "a", run);
}

export interface Change {
  direction: "up" | "down" | "flat";
  /** More cost, time, errors is worse; of counts of work nobody can tell. */
  tone: "good" | "bad" | "none";
  /** By how much of a; null where a is nothing. */
  part: string | null;
}

/** Parts of a figure that no one would call a change. */
const STEADY = 0.005;

export function changeOf(delta: Delta, lessIsBetter: boolean): Change | null {
  const { a, change } = delta;
  if (a === null || change === null) return null;
  if (change === 0 || Math.abs(change) < Math.abs(a) * STEADY) return { direction: "flat", tone: "none", part: null };
  const direction = change > 0 ? "up" : "down";
  const tone = !lessIsBetter ? "none" : direction === "down" ? "good" : "bad";
  const size = a === 0 ? null : Math.abs(change / a);
  return { direction, tone, part: size === null ? null : size >= 10 ? `${Math.round(size + Number(change > 0))}×` : percent(size) };
}

export type Shown = { kind: "row"; row: DiffRow; index: number } | { kind: "fold"; from: number; count: number };

/** Equal steps before and behind a difference that stay in view. */
const CONTEXT = 3;

/** Rows with long stretches of equal steps folded away, except those the reader opened. */
export function folded(rows: readonly DiffRow[], opened: ReadonlySet<number>): Shown[] {
  const near = new Uint8Array(rows.length);
  rows.forEach((row, index) => {
    if (row.op === "same") return;
    near.fill(1, Math.max(0, index - CONTEXT), Math.min(rows.length, index + CONTEXT + 1));
  });
  const shown: Shown[] = [];
  for (let index = 0; index < rows.length; ) {
    let end = index;
    while (end < rows.length && !near[end]) end += 1;
    const length = end - index;
    if (length > 1 && !opened.has(index)) {
      shown.push({ kind: "fold", from: index, count: length });
      index = end;
      continue;
    }
    const stop = Math.max(end, index + 1);
    for (; index < stop; index += 1) {
      const row = rows[index];
      if (row) shown.push({ kind: "row", row, index });
    }
  }
  return shown;
}

/** What is between the two runs, in a few words. */
export function tally(diff: RunDiff): string {
  const parts = [
    [diff.same_steps, "the same"],
    [diff.changed_steps, "changed"],
    [diff.only_a_steps, "only in a"],
    [diff.only_b_steps, "only in b"],
  ] as const;
  return parts
    .filter(([number], index) => number > 0 || index === 0)
    .map(([number, word]) => `${number.toLocaleString("en")} ${word}`)
    .join(" · ");
}
