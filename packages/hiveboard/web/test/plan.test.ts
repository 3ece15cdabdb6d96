import { describe, expect, it } from "vitest";
import { planRevisions } from "../src/model/plan";
import { at, custom } from "./fixtures";

const plan = (second: number, revision: number, ...names: string[]) =>
  custom(
    "plan_created",
    { goal: `goal ${revision}`, revision, steps: names.map((description, index) => ({ index, description })) },
    { timestamp: at(second) },
  );
const step = (second: number, index: number, action: string, revision?: number) =>
  custom(
    "plan_step",
    { step_index: index, action, ...(revision === undefined ? {} : { plan_revision: revision }) },
    { timestamp: at(second) },
  );

describe("planRevisions", () => {
  it("does not carry progress over to a new revision", () => {
    const plans = planRevisions([
      plan(0, 0, "a", "b"),
      step(1, 0, "completed", 0),
      step(2, 1, "failed", 0),
      plan(3, 1, "a", "c"),
    ]);
    expect(plans.map((item) => item.steps.map((one) => one.state))).toEqual([
      ["completed", "failed"],
      ["pending", "pending"],
    ]);
  });

  it("gives a step without a revision to the plan of its time", () => {
    const plans = planRevisions([step(4, 0, "started"), plan(3, 1, "x"), plan(0, 0, "a"), step(1, 0, "completed")]);
    expect(plans.map((item) => item.steps[0]?.state)).toEqual(["completed", "started"]);
  });

  it("takes steps of any shape", () => {
    const odd = custom("plan_created", { steps: ["plain", 7, null, { description: "d", index: 9 }] });
    expect(planRevisions([odd])[0]?.steps.map((one) => one.description)).toEqual(["plain", "7", "Step 3", "d"]);
    expect(planRevisions([custom("plan_created", { steps: "none" }), step(1, 5, "jumped")])[0]?.steps).toEqual([]);
  });
});
