/** Queues as agents tell them: their items in the order of urgency, and since when the oldest waits. */

import type { QueueState } from "../api/pipeline";
import { instant } from "../format";
import type { Json, JsonObject } from "../api/types";
import { asArray, asNumber, asObject, asText } from "./json";

const PRIORITIES = ["urgent", "critical", "high", "normal", "medium", "low"];

export interface Waiting {
  key: string;
  agentId: string;
  id: string | null;
  summary: string | null;
  priority: string | null;
  source: string | null;
  queuedAt: string | null;
}

function itemOf(agentId: string, value: Json, index: number): Waiting {
  const item: JsonObject = asObject(value);
  const id = asText(item["id"]);
  return {
    key: JSON.stringify([agentId, index, id]),
    agentId,
    id,
    // Agents may send anything as an item, a mere text too.
    summary: asText(item["summary"]) ?? (id === null ? asText(value) : null),
    priority: asText(item["priority"]),
    source: asText(item["source"]),
    queuedAt: asText(item["queued_at"]),
  };
}

function rank(priority: string | null): number {
  const at = PRIORITIES.indexOf((priority ?? "normal").toLowerCase());
  return at < 0 ? PRIORITIES.indexOf("normal") : at;
}

/** The items of one queue as they were told. */
export function itemsOf(queue: QueueState): Waiting[] {
  return asArray(queue.items as Json).map((item, index) => itemOf(queue.agent_id, item, index));
}

/** The items of all queues: by priority, then those that wait longest; without a time, as their agent tells them. */
export function itemsWaiting(queues: readonly QueueState[]): Waiting[] {
  const since = (item: Waiting) => instant(item.queuedAt) ?? Infinity;
  return queues
    .flatMap(itemsOf)
    .sort((a, b) => rank(a.priority) - rank(b.priority) || (since(a) === since(b) ? 0 : since(a) - since(b)));
}

/** Seconds the oldest item waits at `now`: as told at the snapshot and the time since, else by the items themselves. */
export function oldestSeconds(queue: QueueState, now: number): number | null {
  const told = asNumber(queue.oldest_age_seconds);
  const snapshot = instant(queue.snapshot_at);
  if (told !== null) return told + (snapshot === null ? 0 : Math.max(0, (now - snapshot) / 1000));
  const times = itemsOf(queue)
    .map((item) => instant(item.queuedAt))
    .filter((time): time is number => time !== null);
  return times.length > 0 ? Math.max(0, (now - Math.min(...times)) / 1000) : null;
}
