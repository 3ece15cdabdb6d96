/** The plan of a run: one bar per revision, one segment per step, the state of each readable without colour. */

import { duration, instant } from "../format";
import type { PlanRevision, PlanStepView, StepState } from "../model/plan";
import type { Shape, Tone } from "../model/status";
import { ShapeMark } from "./Marks";

const LOOK: Record<StepState, { tone: Tone; shape: Shape; word: string }> = {
  pending: { tone: "idle", shape: "ring", word: "not begun" },
  started: { tone: "busy", shape: "play", word: "under way" },
  completed: { tone: "good", shape: "check", word: "completed" },
  failed: { tone: "bad", shape: "cross", word: "failed" },
  skipped: { tone: "idle", shape: "slash", word: "skipped" },
};

function describe(step: PlanStepView): string {
  const parts = [`${step.index + 1}. ${step.description}`, LOOK[step.state].word];
  const [from, to] = [instant(step.startedAt), instant(step.endedAt)];
  if (from !== null && to !== null) parts.push(duration(to - from));
  if (step.turns !== null) parts.push(`${step.turns} turns`);
  if (step.tokens !== null) parts.push(`${step.tokens} tokens`);
  if (step.note && step.note !== step.description) parts.push(step.note);
  return parts.join(" · ");
}

function Revision({ plan, current, label }: { plan: PlanRevision; current: boolean; label: string }) {
  const done = plan.steps.filter((step) => step.state === "completed").length;
  return (
    <div class={current ? "plan" : "plan superseded"}>
      <div class="plan-head">
        <span class="plan-name">{label}</span>
        <span class="plan-goal" title={plan.goal ?? undefined}>
          {plan.goal}
        </span>
        <span class="num dim">
          {done} of {plan.steps.length}
        </span>
      </div>
      <ol class="plan-steps" aria-label={label}>
        {plan.steps.map((step) => (
          <li key={step.index} class={`step step-${step.state}`} title={describe(step)} tabIndex={0} aria-label={describe(step)}>
            <ShapeMark shape={LOOK[step.state].shape} tone={LOOK[step.state].tone} />
            <span class="step-text">{step.description}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

export function PlanBars({ plans }: { plans: readonly PlanRevision[] }) {
  if (plans.length === 0) return null;
  return (
    <section class="plans" aria-label="Plan">
      {plans.map((plan, index) => (
        <Revision
          key={`${plan.revision}:${plan.createdAt}`}
          plan={plan}
          current={index === plans.length - 1}
          label={
            plans.length === 1
              ? "Plan"
              : index === plans.length - 1
                ? `Plan, revision ${plan.revision}`
                : `Superseded, revision ${plan.revision}`
          }
        />
      ))}
    </section>
  );
}
