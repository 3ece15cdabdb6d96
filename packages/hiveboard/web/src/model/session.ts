/** The runs of a session in the order in which they happened, and where each lies in its time. */

import type { Session } from "../api/sessions";
import type { TaskRow } from "../api/types";
import { count, instant, oneLine } from "../format";

/** The earliest first; runs of the same moment by name, those without a beginning last. */
export function inOrder(runs: readonly TaskRow[]): TaskRow[] {
  const at = (run: TaskRow) => instant(run.started_at) ?? Infinity;
  return [...runs].sort((one, other) => {
    const [a, b] = [at(one), at(other)];
    return a === b ? (one.task_id < other.task_id ? -1 : 1) : a - b;
  });
}

export interface Place {
  /** Fractions of the session's time, from its beginning. */
  from: number;
  length: number;
}

/** Where a run lies between the first and the last moment; null when it is not known when it began. */
export function placeOf(run: TaskRow, first: number, last: number): Place | null {
  const start = instant(run.started_at);
  if (start === null) return null;
  const whole = Math.max(1, last - first);
  const end = instant(run.completed_at) ?? last;
  const from = Math.min(1, Math.max(0, (start - first) / whole));
  return { from, length: Math.min(1 - from, Math.max(0, (end - start) / whole)) };
}

/** First and last moment of a session: its events, or its runs where those lie further out. */
export function extent(session: Session, runs: readonly TaskRow[], now: number): [first: number, last: number] {
  const starts = runs.map((run) => instant(run.started_at)).filter((time): time is number => time !== null);
  const last = session.open_runs > 0 ? now : (instant(session.last_event_at) ?? now);
  return [Math.min(instant(session.first_event_at) ?? last, ...starts), last];
}

/** Who or what, named one by one as far as there is room. */
export function few(names: readonly string[], most = 2): string {
  const shown = names.slice(0, most).map((name) => oneLine(name, 60) || "(blank)");
  return names.length > most ? `${shown.join(", ")} and ${count(names.length - most)} more` : shown.join(", ");
}
