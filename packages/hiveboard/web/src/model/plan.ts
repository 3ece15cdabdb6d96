/** Every revision of a run's plan with the state of its steps, from the run's events. */

import type { HiveEvent } from "../api/types";
import { asArray, asNumber, asObject, asText, dataOf, kindOf, summaryOf } from "./json";

export type StepState = "pending" | "started" | "completed" | "failed" | "skipped";

export interface PlanStepView {
  index: number;
  description: string;
  state: StepState;
  /** What the last change of this step said. */
  note: string | null;
  startedAt: string | null;
  endedAt: string | null;
  turns: number | null;
  tokens: number | null;
}

export interface PlanRevision {
  revision: number;
  goal: string | null;
  createdAt: string;
  steps: PlanStepView[];
}

function blankStep(index: number, description: string): PlanStepView {
  return { index, description, state: "pending", note: null, startedAt: null, endedAt: null, turns: null, tokens: null };
}

function revisionOf(event: HiveEvent): PlanRevision {
  const data = dataOf(event);
  const steps = asArray(data["steps"]).map((item, position) => {
    const body = asObject(item);
    const text = asText(body["description"]) ?? asText(item) ?? `Step ${position + 1}`;
    return blankStep(asNumber(body["index"]) ?? position, text);
  });
  return {
    revision: asNumber(data["revision"]) ?? 0,
    goal: asText(data["goal"]) ?? summaryOf(event),
    createdAt: event.timestamp,
    steps,
  };
}

const STATES = new Set<string>(["started", "completed", "failed", "skipped"]);

function applyStep(plan: PlanRevision, event: HiveEvent): void {
  const data = dataOf(event);
  const index = asNumber(data["step_index"]);
  const action = asText(data["action"]);
  if (index === null || action === null || !STATES.has(action)) return;
  let step = plan.steps.find((candidate) => candidate.index === index);
  if (!step) {
    step = blankStep(index, `Step ${index + 1}`);
    plan.steps.push(step);
  }
  step.state = action as StepState;
  step.note = summaryOf(event)?.replace(/^Step \d+ \w+: /, "") ?? null;
  step.turns = asNumber(data["turns"]) ?? step.turns;
  step.tokens = asNumber(data["tokens"]) ?? step.tokens;
  if (action === "started") step.startedAt = event.timestamp;
  else step.endedAt = event.timestamp;
}

/** Oldest revision first. A step without a revision belongs to the plan current at its time. */
export function planRevisions(events: readonly HiveEvent[]): PlanRevision[] {
  const ordered = [...events].sort((a, b) => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0));
  const plans: PlanRevision[] = [];
  for (const event of ordered) {
    const kind = kindOf(event);
    if (kind === "plan_created") plans.push(revisionOf(event));
    if (kind !== "plan_step") continue;
    const named = asNumber(dataOf(event)["plan_revision"]);
    const plan = named === null ? plans.at(-1) : plans.findLast((candidate) => candidate.revision === named);
    if (plan) applyStep(plan, event);
  }
  return plans;
}
