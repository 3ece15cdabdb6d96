import { describe, expect, it } from "vitest";
import type { CostGroup, CostSummary } from "../src/api/types";
import { leftOut, unknownCost, unknownGroup } from "../src/model/cost";

function summary(change: Partial<CostSummary>): CostSummary {
  return {
    total_cost: 1,
    call_count: 9,
    total_tokens_in: 9,
    total_tokens_out: 9,
    reported_cost: 1,
    estimated_cost: 0,
    by_agent: [],
    by_model: [],
    ...change,
  };
}

const group = (model: string, change: Partial<CostGroup>): CostGroup => ({
  model,
  cost: null,
  call_count: 2,
  tokens_in: null,
  tokens_out: null,
  ...change,
});

describe("what is not in the sums", () => {
  it("is nothing when every call has a cost", () => expect(leftOut(summary({ unpriced_calls: 0 }))).toBeNull());
  it("tells a missing price from a failed call and from missing usage", () => {
    const by_model = [
      group("acme-7b", { unpriced_calls: 2, failed_calls: 0, calls_without_usage: 0 }),
      group("gpt-4.1", { unpriced_calls: 2, failed_calls: 2, calls_without_usage: 0 }),
    ];
    const text = leftOut(summary({ unpriced_calls: 5, failed_calls: 2, calls_without_usage: 1, by_model }));
    expect(text).toBe(
      "Not in these sums: 2 calls to models without a known price (acme-7b), 2 calls that failed and one call that did not report its usage.",
    );
  });
  it("says of one failed call nothing about prices", () =>
    expect(leftOut(summary({ unpriced_calls: 1, failed_calls: 1, calls_without_usage: 0 }))).toBe(
      "Not in these sums: one call that failed.",
    ));
  it("claims no reason that the collector does not tell", () =>
    expect(leftOut(summary({ unpriced_calls: 3 }))).toBe("Not in these sums: 3 calls whose cost is not known."));
  it("is told per group too", () => {
    expect(unknownGroup(group("m", { unpriced_calls: 2, failed_calls: 2, calls_without_usage: 0 }))).toBe("Unknown: every call failed");
    expect(unknownGroup(group("m", { unpriced_calls: 2, failed_calls: 0, calls_without_usage: 0 }))).toMatch("no price known");
    expect(unknownGroup(group("m", { unpriced_calls: 2 }))).not.toMatch("price");
  });
});

describe("a call without a cost", () => {
  const call = { model: "m", tokens_in: 1, tokens_out: 1, metadata: null };
  it.each([
    [{ ...call, tokens_in: null, tokens_out: null, metadata: { error: "429" } }, "failed"],
    [{ ...call, tokens_in: null, tokens_out: null }, "did not report its usage"],
    [call, "no price known for m"],
    [{ ...call, model: null }, "named no model"],
  ])("%o says why", (sample, words) => expect(unknownCost(sample)).toContain(words));
});
