/** The colour of an event's mark; its words are the collector's. */

import type { HiveEvent, JsonObject } from "../api/types";
import { asObject, asText, dataOf, failureOf, field, kindOf } from "./json";
import type { Tone } from "./status";

export type EventTone = Tone | "llm" | "tool";

const OUTCOMES = new Set(["cancelled", "abandoned", "aborted"]);

const BY_TYPE: Record<string, EventTone> = {
  task_started: "busy",
  task_completed: "good",
  task_failed: "bad",
  action_started: "tool",
  action_completed: "tool",
  action_failed: "bad",
  retry_started: "retry",
  escalated: "human",
  approval_requested: "wait",
  approval_received: "good",
};
const BY_KIND: Record<string, EventTone> = { llm_call: "llm", recovered: "good", anomaly: "wait" };

/** An `action_completed` that says of itself that it did not succeed. */
export function completedBadly(event: HiveEvent): boolean {
  const failed = (body: JsonObject) =>
    body["success"] === false || Boolean(asText(body["error"])) || Object.keys(asObject(body["error"])).length > 0;
  return event.event_type === "action_completed" && (failed(asObject(event.payload)) || failed(dataOf(event)));
}

function bad(event: HiveEvent, kind: string | null): boolean {
  if (kind === "llm_call") return failureOf(asObject(dataOf(event)["metadata"])["error"]) !== null;
  if (kind === "plan_step") return asText(dataOf(event)["action"]) === "failed";
  return completedBadly(event) || (event.event_type === "approval_received" && asText(field(event, "decision")) === "rejected");
}

function issueTone(event: HiveEvent): EventTone {
  if ((asText(dataOf(event)["action"]) ?? "reported") !== "reported") return "good";
  return event.severity === "error" ? "bad" : "wait";
}

/** The tone of an event, whatever it holds. */
export function toneOf(event: HiveEvent): EventTone {
  const kind = kindOf(event);
  if (bad(event, kind)) return "bad";
  if (kind === "issue") return issueTone(event);
  if (event.event_type === "task_completed" && OUTCOMES.has(event.status ?? "")) return "idle";
  const table = kind === null ? BY_TYPE : BY_KIND;
  const key = kind ?? event.event_type;
  return (Object.hasOwn(table, key) ? table[key] : undefined) ?? "none";
}
