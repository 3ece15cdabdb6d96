import { describe, expect, it } from "vitest";
import { build, parse, type Route } from "../src/router";

const HOSTILE = [
  "a/b",
  "a?b=c#d",
  "100%",
  "<script>alert(1)</script>",
  "\"'&",
  "‮rtl",
  "🐝",
  "a\0b",
  ".",
  "..",
  "x".repeat(10_000),
  "%2F",
];

describe("routes", () => {
  it.each(HOSTILE)("a run of task %j survives its address", (id) => {
    const route: Route = { view: "run", taskId: id, runId: id, query: { node: id } };
    expect(parse(build(route))).toEqual(route);
  });

  it.each(HOSTILE)("the agent and the session %j survive their addresses", (id) => {
    for (const view of ["agent", "session"] as const) {
      const route: Route = { view, taskId: null, runId: null, id, query: { range: "7d" } };
      expect(parse(build(route))).toEqual(route);
    }
  });

  it("drops lone surrogates instead of failing", () => {
    const back = parse(build({ view: "run", taskId: "a\ud800b", runId: null, query: {} }));
    expect(back.taskId).toBe("a\ufffdb");
  });

  it.each(["", "#", "#/", "#/nowhere", "#/run", "#/run/", "#/agent", "#/session/", "#garbage?%"])("%j leads to the fleet", (hash) =>
    expect(parse(hash).view).toBe("fleet"),
  );

  it("reads a view with its filters", () => {
    expect(parse("#/tasks?status=failed&q=a%20b&empty=")).toEqual({
      view: "tasks",
      taskId: null,
      runId: null,
      query: { status: "failed", q: "a b" },
    });
  });

  it("keeps a malformed escape as it is", () => expect(parse("#/run/%E0%A4%A").taskId).toBe("%E0%A4%A"));
});
