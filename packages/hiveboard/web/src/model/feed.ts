/** The activity feed: which events a filter keeps, how pages and live events merge, how repeats collapse. */

import type { HiveEvent } from "../api/types";
import { kindOf } from "./json";
import { toneOf, type EventTone } from "./tone";

export const FEED_FILTERS = ["all", "task", "action", "llm", "error", "human", "pipeline"] as const;
export type FeedFilter = (typeof FEED_FILTERS)[number];
/** As sentences with repeats folded, or every event with its type. */
export const FEED_FORMS = ["narrative", "feed"] as const;
export type FeedForm = (typeof FEED_FORMS)[number];

const TYPES: Partial<Record<FeedFilter, readonly string[]>> = {
  task: ["task_started", "task_completed", "task_failed"],
  action: ["action_started", "action_completed", "action_failed", "retry_started"],
  human: ["escalated", "approval_requested", "approval_received"],
};
const KINDS: Partial<Record<FeedFilter, readonly string[]>> = {
  llm: ["llm_call"],
  pipeline: ["queue_snapshot", "todo", "scheduled", "issue"],
};

/** Query fields of `/events` that select what {@link keeps} keeps. */
export function feedQuery(filter: FeedFilter): Record<string, string> {
  if (filter === "error") return { severity: "error" };
  const types = TYPES[filter];
  if (types) return { event_type: types.join(",") };
  const kinds = KINDS[filter];
  return kinds ? { payload_kind: kinds.join(",") } : {};
}

export function keeps(filter: FeedFilter, event: HiveEvent): boolean {
  if (event.event_type === "heartbeat") return false;
  const kind = kindOf(event);
  if (filter === "all") return kind !== "queue_snapshot";
  if (filter === "error") return event.severity === "error";
  return Boolean(TYPES[filter]?.includes(event.event_type) || (kind && KINDS[filter]?.includes(kind)));
}

export interface FeedScope {
  filter: FeedFilter;
  project: string;
  environment: string;
  agent: string;
  task?: string;
}

export function inScope(scope: FeedScope, event: HiveEvent): boolean {
  if (!keeps(scope.filter, event)) return false;
  if (scope.project && event.project_id !== scope.project) return false;
  if (scope.environment && event.environment && event.environment !== scope.environment) return false;
  if (scope.task && event.task_id !== scope.task) return false;
  return !scope.agent || event.agent_id === scope.agent;
}

function newestFirst(a: HiveEvent, b: HiveEvent): number {
  if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp ? 1 : -1;
  return a.event_id < b.event_id ? 1 : a.event_id > b.event_id ? -1 : 0;
}

/** One list, newest first, each event once. */
export function mergeEvents(...lists: readonly HiveEvent[][]): HiveEvent[] {
  const byId = new Map<string, HiveEvent>();
  for (const list of lists) for (const event of list) byId.set(event.event_id, event);
  return [...byId.values()].sort(newestFirst);
}

export interface FeedLine {
  /** Of the newest event of the group. */
  event: HiveEvent;
  text: string;
  tone: EventTone;
  /** How many events in a row say the same. */
  times: number;
  key: string;
}

/** The protocol's word for what an event is: its type, of a custom one its kind. */
export function typeOf(event: HiveEvent): string {
  return kindOf(event) ?? event.event_type;
}

/** Every event a line of its own. */
export function each(events: readonly HiveEvent[]): FeedLine[] {
  return events.map((event) => ({ event, text: event.headline, tone: toneOf(event), times: 1, key: event.event_id }));
}

/** Neighbours that say the same about the same agent and task become one line with a count. */
export function collapse(events: readonly HiveEvent[]): FeedLine[] {
  const lines: FeedLine[] = [];
  for (const event of events) {
    const last = lines.at(-1);
    if (
      last &&
      last.event.agent_id === event.agent_id &&
      last.event.task_id === event.task_id &&
      last.text === event.headline
    ) {
      last.times += 1;
      // The oldest event names the line: it stays the same while repeats arrive at the top.
      last.key = event.event_id;
    } else {
      lines.push({ event, text: event.headline, tone: toneOf(event), times: 1, key: event.event_id });
    }
  }
  return lines;
}
