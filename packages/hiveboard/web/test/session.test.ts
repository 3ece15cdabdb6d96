import { describe, expect, it } from "vitest";
import type { TaskRow } from "../src/api/types";
import { few, inOrder, placeOf } from "../src/model/session";

function run(task_id: string, started_at: string | null, completed_at: string | null = null): TaskRow {
  return { task_id, started_at, completed_at, agent_id: "a", task_run_id: null } as TaskRow;
}

const at = (seconds: number) => new Date(1_770_000_000_000 + seconds * 1000).toISOString();
const FIRST = 1_770_000_000_000;

describe("the runs of a session", () => {
  it("stand in the order in which they began, without a beginning last", () =>
    expect(inOrder([run("c", null), run("b", at(5)), run("a", at(1)), run("z", at(1))]).map((row) => row.task_id)).toEqual([
      "a",
      "z",
      "b",
      "c",
    ]));

  it("lie within its time; an open one reaches its end", () => {
    expect(placeOf(run("a", at(0), at(5)), FIRST, FIRST + 10_000)).toEqual({ from: 0, length: 0.5 });
    expect(placeOf(run("a", at(5)), FIRST, FIRST + 10_000)).toEqual({ from: 0.5, length: 0.5 });
    expect(placeOf(run("a", null), FIRST, FIRST + 10_000)).toBeNull();
    expect(placeOf(run("a", at(0), at(0)), FIRST, FIRST)).toEqual({ from: 0, length: 0 });
    expect(placeOf(run("a", at(-50), at(90)), FIRST, FIRST + 10_000)).toEqual({ from: 0, length: 1 });
  });
});

describe("names", () => {
  it.each([
    [[], ""],
    [["a"], "a"],
    [["a", "b", "c", "d"], "a, b and 2 more"],
    [["  "], "(blank)"],
  ])("%j are told as %j", (names, text) => expect(few(names)).toBe(text));
});
