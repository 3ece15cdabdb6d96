import { describe, expect, it } from "vitest";
import type { DiffRow, RunDiff } from "../src/api/diff";
import { changeOf, comparison, folded, marked, names, reference, swapped, tally } from "../src/model/compare";

const ONE = { taskId: "lead-1", runId: "r1" };
const TWO = { taskId: "lead-2", runId: "r2" };

describe("the address of a comparison", () => {
  it("names runs as the collector does", () =>
    expect(comparison(ONE, TWO)).toEqual({ a: "lead-1:r1", a_run: "", b: "lead-2:r2", b_run: "" }));

  it("gives the run a field of its own where a colon would be ambiguous", () => {
    expect(reference("a", { taskId: "a:b", runId: "r" })).toEqual({ a: "a:b", a_run: "r" });
    expect(reference("b", { taskId: "a", runId: "x:y" })).toEqual({ b: "a", b_run: "x:y" });
    expect(reference("a", { taskId: "a", runId: null })).toEqual({ a: "a", a_run: "" });
  });

  it("is swapped as a whole", () =>
    expect(swapped({ a: "x", a_run: "1", b: "y" })).toEqual({ a: "y", a_run: "", b: "x", b_run: "1" }));
});

describe("marking runs", () => {
  it("fills a, then b, and a third replaces the second", () => {
    expect(marked({}, ONE)).toEqual(reference("a", ONE));
    expect(marked(reference("a", ONE), TWO)).toEqual(reference("b", TWO));
    expect(marked(comparison(ONE, TWO), { taskId: "lead-3", runId: null })).toEqual({ b: "lead-3", b_run: "" });
  });

  it("unmarks what is marked again, and what was second becomes the first", () => {
    expect(marked(comparison(ONE, TWO), ONE)).toEqual({ a: "lead-2:r2", a_run: "", b: "", b_run: "" });
    expect(marked(comparison(ONE, TWO), TWO)).toEqual({ b: "", b_run: "" });
  });

  it("knows a run by its whole name", () => {
    expect(names(comparison(ONE, TWO), "a", ONE)).toBe(true);
    expect(names(comparison(ONE, TWO), "a", { ...ONE, runId: "r9" })).toBe(false);
    expect(names({}, "a", ONE)).toBe(false);
  });
});

describe("a change", () => {
  const of = (a: number | null, b: number | null) => ({ a, b, change: a === null || b === null ? null : b - a });
  it("is worse when there is more of what costs", () => {
    expect(changeOf(of(10, 12), true)).toEqual({ direction: "up", tone: "bad", part: "20 %" });
    expect(changeOf(of(10, 5), true)).toEqual({ direction: "down", tone: "good", part: "50 %" });
    expect(changeOf(of(10, 12), false)?.tone).toBe("none");
  });
  it("has no part of nothing, is a multiple when large, and is unknown where a side is", () => {
    expect(changeOf(of(0, 3), true)).toEqual({ direction: "up", tone: "bad", part: null });
    expect(changeOf(of(1, 30), true)?.part).toBe("30×");
    expect(changeOf(of(null, 3), true)).toBeNull();
    expect(changeOf(of(1000, 1001), true)?.direction).toBe("flat");
  });
});

function rows(ops: string): DiffRow[] {
  return [...ops].map((op) => ({ op: op === "=" ? "same" : "changed", changed: [], a: null, b: null }));
}

function shape(ops: string, opened: number[] = []): string {
  return folded(rows(ops), new Set(opened))
    .map((item) => (item.kind === "fold" ? `[${item.count}]` : item.row.op === "same" ? "=" : "!"))
    .join("");
}

describe("steps", () => {
  it("fold what is equal, but for three before and behind a difference", () => {
    expect(shape("==========!==========")).toBe("[7]===!===[7]");
    expect(shape("=====")).toBe("[5]");
    expect(shape("!!")).toBe("!!");
    expect(shape("")).toBe("");
  });
  it("never fold a single one, and unfold what was opened", () => {
    expect(shape("====!")).toBe("====!");
    expect(shape("==========!=", [0])).toBe("==========!=");
  });
  it("are counted by what became of them", () => {
    const diff = { same_steps: 1200, changed_steps: 0, only_a_steps: 2, only_b_steps: 1 } as RunDiff;
    expect(tally(diff)).toBe("1,200 the same · 2 only in a · 1 only in b");
  });
});
