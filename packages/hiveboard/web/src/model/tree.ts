/** A run as a tree of what happened: actions, and inside them the LLM calls, retries and human moments where they happened. */

import type { ActionNode, HiveEvent, LlmCall, Timeline, TreeCall } from "../api/types";
import { instant } from "../format";
import { asNumber, asObject, asText, dataOf, failureOf, failureText, field, kindOf } from "./json";
import { completedBadly, toneOf } from "./tone";
import type { Tone } from "./status";

export type NodeKind = "action" | "llm" | "retry" | "escalation" | "approval" | "issue" | "anomaly" | "plan" | "note";
/** What an action is: something that works, or structure that arranges the work of others. */
export type ActionRole = "tool" | "retrieval" | "agent" | "step";
export type NodeState = "ok" | "failed" | "running" | "ended";

export interface RunNode {
  key: string;
  kind: NodeKind;
  /** Of an action only. */
  role: ActionRole | null;
  label: string;
  /** Model of an LLM call, decision of an approval, … */
  detail: string | null;
  state: NodeState;
  tone: Tone | "llm" | "tool";
  /** Milliseconds since the epoch. */
  start: number | null;
  durationMs: number | null;
  tokensIn: number | null;
  tokensOut: number | null;
  cost: number | null;
  costSource: string | null;
  error: string | null;
  llm: LlmCall | null;
  actionId: string | null;
  /** Events this node was drawn from, oldest first. */
  events: HiveEvent[];
  children: RunNode[];
}

const HIDDEN_KINDS = new Set(["plan_step", "queue_snapshot", "todo", "scheduled", "run_update", "runtime"]);
const POINT_TYPES: Record<string, [NodeKind, RunNode["tone"]]> = {
  retry_started: ["retry", "retry"],
  escalated: ["escalation", "human"],
  approval_requested: ["approval", "wait"],
  approval_received: ["approval", "good"],
};
const POINT_KINDS: Record<string, [NodeKind, RunNode["tone"]]> = {
  issue: ["issue", "bad"],
  anomaly: ["anomaly", "wait"],
  plan_created: ["plan", "none"],
};

function blank(key: string, kind: NodeKind, label: string): RunNode {
  return {
    key,
    kind,
    role: null,
    label,
    detail: null,
    state: "ok",
    tone: "none",
    start: null,
    durationMs: null,
    tokensIn: null,
    tokensOut: null,
    cost: null,
    costSource: null,
    error: null,
    llm: null,
    actionId: null,
    events: [],
    children: [],
  };
}

/** The call an `llm_call` event tells of. */
export function llmOf(event: HiveEvent): LlmCall {
  const data = dataOf(event);
  return {
    event_id: event.event_id,
    agent_id: event.agent_id,
    task_id: event.task_id ?? null,
    action_id: event.action_id ?? null,
    timestamp: event.timestamp,
    name: asText(data["name"]),
    model: asText(data["model"]),
    tokens_in: asNumber(data["tokens_in"]),
    tokens_out: asNumber(data["tokens_out"]),
    cost: event.cost ?? asNumber(data["cost"]),
    duration_ms: asNumber(data["duration_ms"]) ?? event.duration_ms ?? null,
    cost_source: event.cost_source ?? asText(data["cost_source"]),
    prompt_preview: data["prompt_preview"] ?? null,
    response_preview: data["response_preview"] ?? null,
    metadata: data["metadata"] ?? null,
  };
}

/** A call of the tree as a row; its event, when there, adds previews and metadata. */
function fromTree(call: TreeCall, event: HiveEvent | undefined): RunNode {
  const told = event ? llmOf(event) : null;
  return llmNode({ ...told, ...call, timestamp: call.completed_at }, event);
}

function llmNode(call: LlmCall, event: HiveEvent | undefined): RunNode {
  const node = blank(`llm:${call.event_id}`, "llm", call.name ?? "LLM call");
  const failure = failureOf(asObject(call.metadata)["error"]);
  const end = instant(call.timestamp);
  Object.assign(node, {
    detail: call.model,
    tone: failure ? "bad" : "llm",
    state: failure ? "failed" : "ok",
    error: failure ? failureText(failure) : null,
    // The event is sent when the call has ended.
    start: end === null ? null : end - (call.duration_ms ?? 0),
    durationMs: call.duration_ms,
    tokensIn: call.tokens_in,
    tokensOut: call.tokens_out,
    cost: call.cost,
    costSource: call.cost_source ?? null,
    llm: call,
    events: event ? [event] : [],
  } satisfies Partial<RunNode>);
  return node;
}

/** As the collector splits the time: what does not say what it is counts as a tool when nothing is in it. */
function roleOf(action: ActionNode): ActionRole {
  const kind = action.kind ?? null;
  if (kind === "tool" || kind === "retrieval" || kind === "agent") return kind;
  return kind === null && !action.children?.length ? "tool" : "step";
}

function actionNode(action: ActionNode, own: HiveEvent[], closed: boolean): RunNode {
  const node = blank(`action:${action.action_id}`, "action", action.name ?? action.action_id);
  const ended = own.find((event) => event.event_type === "action_completed" || event.event_type === "action_failed");
  const said = ended ? failureOf(ended.payload) : null;
  const bad =
    action.status === "failure" ||
    action.status === "failed" ||
    ended?.event_type === "action_failed" ||
    (ended !== undefined && completedBadly(ended));
  const failure = bad ? (failureOf(action.error) ?? said ?? { type: null, message: "failed without a message" }) : null;
  const outcome = ["cancelled", "abandoned", "aborted"].find((name) => name === action.status || name === ended?.status) ?? null;
  const finished = ended !== undefined || action.duration_ms !== null;
  const role = roleOf(action);
  Object.assign(node, {
    role,
    actionId: action.action_id,
    state: bad ? "failed" : finished ? "ok" : closed ? "ended" : "running",
    tone: bad ? "bad" : role === "tool" || role === "retrieval" ? "tool" : "none",
    detail: outcome,
    start: instant(action.started_at),
    durationMs: action.duration_ms,
    error: failure ? failureText(failure) : null,
    events: own,
  } satisfies Partial<RunNode>);
  return node;
}

function pointNode(event: HiveEvent): RunNode | null {
  const kind = kindOf(event);
  if (kind === "llm_call" || (kind !== null && HIDDEN_KINDS.has(kind))) return null;
  const table = kind === null ? POINT_TYPES : POINT_KINDS;
  const key = kind ?? event.event_type;
  const look = Object.hasOwn(table, key) ? table[key] : undefined;
  if (!look && kind === null) return null;
  const node = blank(`event:${event.event_id}`, look?.[0] ?? "note", "");
  node.label = upperFirst(event.headline);
  node.tone = look?.[0] === "approval" || look?.[0] === "issue" ? toneOf(event) : (look?.[1] ?? toneOf(event));
  node.start = instant(event.timestamp);
  node.events = [event];
  if (kind === "tool_call") {
    node.durationMs = asNumber(dataOf(event)["duration_ms"]);
    const trouble = asText(field(event, "error"));
    if (trouble) Object.assign(node, { error: trouble, state: "failed", tone: "bad" });
  }
  return node;
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** By start; what began at the same moment in the order it was told, so that rows never trade places. */
function byStart(run: Timeline): (a: RunNode, b: RunNode) => number {
  const told = new Map(run.events.map((event, index) => [event.event_id, index]));
  const rank = (node: RunNode) => told.get(node.events[0]?.event_id ?? "") ?? Infinity;
  return (a, b) => (a.start ?? Infinity) - (b.start ?? Infinity) || rank(a) - rank(b) || (a.key < b.key ? -1 : 1);
}

/** The roots of a run, each list of siblings in order of time. */
export function buildTree(run: Timeline): RunNode[] {
  const byAction = new Map<string, HiveEvent[]>();
  const llmEvents = new Map<string, HiveEvent>();
  for (const event of run.events) {
    if (kindOf(event) === "llm_call") llmEvents.set(event.event_id, event);
    else if (event.action_id && event.event_type.startsWith("action_")) {
      const list = byAction.get(event.action_id);
      if (list) list.push(event);
      else byAction.set(event.action_id, [event]);
    }
  }
  const closed = run.completed_at !== null || run.derived_status === "lost";
  const nodes = new Map<string, RunNode>();
  const drawn = new Set<string>();
  const roots: RunNode[] = [];
  // A list of work instead of recursion: agents may nest deeper than the stack reaches.
  const todo = run.action_tree.map((action) => ({ action, into: roots }));
  for (let next = todo.pop(); next; next = todo.pop()) {
    const { action, into } = next;
    const node = actionNode(action, byAction.get(action.action_id) ?? [], closed);
    nodes.set(action.action_id, node);
    into.push(node);
    for (const call of action.llm_calls ?? []) {
      drawn.add(call.event_id);
      node.children.push(fromTree(call, llmEvents.get(call.event_id)));
    }
    for (const child of action.children ?? []) todo.push({ action: child, into: node.children });
  }
  for (const call of run.llm_calls ?? []) {
    drawn.add(call.event_id);
    roots.push(fromTree(call, llmEvents.get(call.event_id)));
  }
  for (const event of run.events) {
    const node =
      kindOf(event) === "llm_call" ? (drawn.has(event.event_id) ? null : llmNode(llmOf(event), event)) : pointNode(event);
    if (node) (nodes.get(event.action_id ?? "")?.children ?? roots).push(node);
  }
  const inOrder = byStart(run);
  for (const node of nodes.values()) node.children = foldRepeats(node.children.sort(inOrder));
  return foldRepeats(roots.sort(inOrder));
}

/** Neighbours that tell the same issue or anomaly become one row that holds all their events. */
function foldRepeats(siblings: RunNode[]): RunNode[] {
  const kept: RunNode[] = [];
  for (const node of siblings) {
    const last = kept.at(-1);
    if (last && (node.kind === "issue" || node.kind === "anomaly") && last.kind === node.kind && last.label === node.label) {
      last.events.push(...node.events);
      last.detail = `×${last.events.length}`;
    } else kept.push(node);
  }
  return kept;
}

export interface RunRow {
  node: RunNode;
  depth: number;
  open: boolean;
}

/** The tree as the rows to draw: depth first, without what lies in a folded node. */
export function flatten(roots: readonly RunNode[], folded: ReadonlySet<string>): RunRow[] {
  const rows: RunRow[] = [];
  const stack = roots.map((node) => ({ node, depth: 0 })).reverse();
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { node, depth } = next;
    const open = !folded.has(node.key);
    rows.push({ node, depth, open });
    if (open) for (const child of [...node.children].reverse()) stack.push({ node: child, depth: depth + 1 });
  }
  return rows;
}

/** Where the time axis of a run begins and ends, in milliseconds since the epoch; `now` closes what is open. */
export function timeSpan(run: Timeline, roots: readonly RunNode[], now: number): { from: number; to: number } {
  let from = instant(run.started_at) ?? Infinity;
  let to = instant(run.completed_at) ?? -Infinity;
  for (const { node } of flatten(roots, new Set())) {
    if (node.start === null) continue;
    from = Math.min(from, node.start);
    to = Math.max(to, node.state === "running" ? now : node.start + (node.durationMs ?? 0));
  }
  if (run.completed_at === null && run.derived_status !== "lost") to = Math.max(to, now);
  if (!Number.isFinite(from)) return { from: now - 1, to: now };
  return { from, to: Math.max(to, from + 1) };
}
