/** One plain sentence per event. The agent is the subject and is drawn before it, so sentences begin with a verb. */

import type { HiveEvent, JsonObject } from "../api/types";
import { count, duration, money, oneLine } from "../format";
import { asArray, asNumber, asObject, asText, dataOf, failureOf, failureText, field, kindOf, summaryOf } from "./json";
import type { Tone } from "./status";

export type Category = "task" | "action" | "llm" | "error" | "human" | "pipeline" | "other";

export interface Sentence {
  text: string;
  category: Category;
  /** Colour of its mark. */
  tone: Tone | "llm" | "tool";
}

const OUTCOMES = new Set(["cancelled", "abandoned", "aborted"]);

function quoted(text: string | null, otherwise: string): string {
  return text ? oneLine(text) : otherwise;
}

function took(event: HiveEvent): string {
  return event.duration_ms === null || event.duration_ms === undefined ? "" : ` in ${duration(event.duration_ms)}`;
}

function taskName(event: HiveEvent): string {
  return quoted(event.task_id ?? null, "a task");
}

function actionName(event: HiveEvent): string {
  return quoted(asText(field(event, "action_name")) ?? summaryOf(event), "an action");
}

function reason(event: HiveEvent): string {
  const failure = failureOf(event.payload);
  return failure ? `: ${oneLine(failureText(failure))}` : "";
}

type Teller = (event: HiveEvent) => Sentence;

const BY_TYPE: Record<string, Teller> = {
  agent_registered: () => ({ text: "registered", category: "other", tone: "none" }),
  heartbeat: () => ({ text: "is alive", category: "other", tone: "none" }),
  task_started: (event) => ({ text: `started ${taskName(event)}`, category: "task", tone: "busy" }),
  task_completed: (event) =>
    OUTCOMES.has(event.status ?? "")
      ? { text: `ended ${taskName(event)} as ${event.status}${took(event)}`, category: "task", tone: "idle" }
      : { text: `completed ${taskName(event)}${took(event)}`, category: "task", tone: "good" },
  task_failed: (event) => ({ text: `failed ${taskName(event)}${took(event)}${reason(event)}`, category: "task", tone: "bad" }),
  action_started: (event) => ({ text: `began ${actionName(event)}`, category: "action", tone: "tool" }),
  action_completed: (event) => {
    if (completedBadly(event))
      return { text: `failed ${actionName(event)}${took(event)}${reason(event)}`, category: "action", tone: "bad" };
    const verb = OUTCOMES.has(event.status ?? "") ? `ended (${event.status})` : "finished";
    return { text: `${verb} ${actionName(event)}${took(event)}`, category: "action", tone: "tool" };
  },
  action_failed: (event) => ({
    text: `failed ${actionName(event)}${took(event)}${reason(event)}`,
    category: "action",
    tone: "bad",
  }),
  retry_started: (event) => {
    const attempt = asNumber(field(event, "attempt"));
    const wait = asNumber(field(event, "backoff_seconds"));
    const why = asText(field(event, "reason")) ?? asText(field(event, "original_error")) ?? summaryOf(event);
    const number = attempt === null ? "" : ` (attempt ${attempt})`;
    const pause = wait === null ? "" : ` after ${duration(wait * 1000)}`;
    return { text: `retries${number}${pause}${why ? `: ${oneLine(why)}` : ""}`, category: "action", tone: "retry" };
  },
  escalated: (event) => {
    const to = asText(field(event, "assigned_to"));
    return {
      text: `escalated${to ? ` to ${oneLine(to)}` : ""}: ${quoted(summaryOf(event) ?? asText(field(event, "reason")), taskName(event))}`,
      category: "human",
      tone: "human",
    };
  },
  approval_requested: (event) => {
    const approver = asText(field(event, "approver"));
    return {
      text: `asks ${quoted(approver, "someone")} for approval: ${quoted(summaryOf(event) ?? asText(field(event, "reason")), taskName(event))}`,
      category: "human",
      tone: "wait",
    };
  },
  approval_received: (event) => {
    const by = asText(field(event, "approved_by"));
    const decision = asText(field(event, "decision")) ?? "answered";
    return {
      text: `was ${oneLine(decision)}${by ? ` by ${oneLine(by)}` : ""}: ${quoted(summaryOf(event), taskName(event))}`,
      category: "human",
      tone: decision === "rejected" ? "bad" : "good",
    };
  },
};

/** An `action_completed` that says of itself that it did not succeed. */
export function completedBadly(event: HiveEvent): boolean {
  const payload = asObject(event.payload);
  const data = dataOf(event);
  const failed = (body: JsonObject) =>
    body["success"] === false || Boolean(asText(body["error"])) || Object.keys(asObject(body["error"])).length > 0;
  return event.event_type === "action_completed" && (failed(payload) || failed(data));
}

function llm(event: HiveEvent): Sentence {
  const data = dataOf(event);
  const name = quoted(asText(data["name"]), "a model");
  const model = asText(data["model"]);
  const trouble = failureOf(asObject(data["metadata"])["error"]);
  const call = `${name}${model ? ` → ${oneLine(model)}` : ""}`;
  if (trouble) return { text: `got an error from ${call}: ${oneLine(failureText(trouble))}`, category: "llm", tone: "bad" };
  const facts: string[] = [];
  const [tokensIn, tokensOut] = [asNumber(data["tokens_in"]), asNumber(data["tokens_out"])];
  if (tokensIn !== null || tokensOut !== null) facts.push(`${count(tokensIn)} in / ${count(tokensOut)} out`);
  const cost = event.cost ?? asNumber(data["cost"]);
  if (cost !== null) facts.push(`${event.cost_source === "estimated" ? "~" : ""}${money(cost)}`);
  if (asNumber(data["duration_ms"]) !== null) facts.push(duration(asNumber(data["duration_ms"])));
  return { text: `called ${call}${facts.length ? ` (${facts.join(", ")})` : ""}`, category: "llm", tone: "llm" };
}

function issue(event: HiveEvent): Sentence {
  const action = asText(dataOf(event)["action"]) ?? "reported";
  const severity = asText(dataOf(event)["severity"]);
  const text = quoted(summaryOf(event), "an issue");
  if (action !== "reported") return { text: `${oneLine(action)} the issue “${text}”`, category: "pipeline", tone: "good" };
  return {
    text: `reports ${severity ? `a ${oneLine(severity)} issue` : "an issue"}: ${text}`,
    category: "pipeline",
    tone: event.severity === "error" ? "bad" : "wait",
  };
}

function planStep(event: HiveEvent): Sentence {
  const data = dataOf(event);
  const index = asNumber(data["step_index"]);
  const action = asText(data["action"]) ?? "changed";
  const said = summaryOf(event)?.replace(/^Step \d+ \w+: /, "");
  return {
    text: `${oneLine(action)} plan step ${index === null ? "" : index + 1}${said ? `: ${oneLine(said)}` : ""}`,
    category: "task",
    tone: action === "failed" ? "bad" : "none",
  };
}

const BY_KIND: Record<string, Teller> = {
  llm_call: llm,
  issue,
  plan_step: planStep,
  plan_created: (event) => {
    const data = dataOf(event);
    const revision = asNumber(data["revision"]) ?? 0;
    const goal = asText(data["goal"]) ?? summaryOf(event);
    return {
      text: `${revision > 0 ? "re-planned" : "planned"} ${asArray(data["steps"]).length} steps: ${quoted(goal, taskName(event))}`,
      category: "task",
      tone: "none",
    };
  },
  queue_snapshot: (event) => ({
    text: `has ${count(asNumber(dataOf(event)["depth"]))} waiting in its queue`,
    category: "pipeline",
    tone: "none",
  }),
  todo: (event) => ({
    text: `${quoted(asText(dataOf(event)["action"]), "changed")} a to-do: ${quoted(summaryOf(event) ?? asText(dataOf(event)["todo_id"]), "unnamed")}`,
    category: "pipeline",
    tone: "none",
  }),
  scheduled: (event) => ({
    text: `has ${asArray(dataOf(event)["items"]).length} scheduled items`,
    category: "pipeline",
    tone: "none",
  }),
  recovered: (event) => ({
    text: `recovered after ${count(asNumber(dataOf(event)["attempts"]))} attempts`,
    category: "action",
    tone: "good",
  }),
  anomaly: (event) => ({
    text: `shows an anomaly: ${quoted(summaryOf(event) ?? asText(dataOf(event)["message"]), "unnamed")}`,
    category: "error",
    tone: "wait",
  }),
};

/** The sentence of an event, whatever it holds. */
export function tell(event: HiveEvent): Sentence {
  const kind = kindOf(event);
  const table = kind === null ? BY_TYPE : BY_KIND;
  const key = kind ?? event.event_type;
  const teller = Object.hasOwn(table, key) ? table[key] : undefined;
  if (teller) return teller(event);
  const name = key.replaceAll("_", " ");
  const summary = summaryOf(event);
  return { text: oneLine(summary ? `${name}: ${summary}` : name), category: "other", tone: "none" };
}
