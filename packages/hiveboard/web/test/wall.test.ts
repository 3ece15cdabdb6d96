import { describe, expect, it } from "vitest";
import { each, typeOf } from "../src/model/feed";
import { agentsBehind, verdict } from "../src/model/wall";
import { build, parse } from "../src/router";
import { agent, custom, event } from "./fixtures";

const stats = (change: object) => ({ stats_1h: { ...agent("x", "idle").stats_1h, ...change } });

describe("the verdict of the wall", () => {
  it("is good only when nobody is needed", () => {
    expect(verdict([agent("a", "idle"), agent("b", "processing")])).toEqual({ tone: "good", text: "All is well", parts: [] });
    expect(verdict([])).toMatchObject({ tone: "good" });
  });

  it("counts who needs somebody and says why", () => {
    const told = verdict([agent("a", "stuck"), agent("b", "waiting_approval"), agent("c", "error"), agent("d", "stuck")]);
    expect(told).toEqual({ tone: "bad", text: "4 need you", parts: ["2 stuck", "1 in error", "1 waiting for a person"] });
    expect(verdict([agent("b", "waiting_approval")])).toMatchObject({ tone: "wait", text: "1 needs you" });
  });

  it("sees the agent whose task stands still though its heart beats", () => {
    const stalled = agent("a", "processing", { no_progress_seconds: 900 });
    expect(verdict([stalled])).toEqual({ tone: "bad", text: "1 needs you", parts: ["1 without progress"] });
  });
});

describe("the agents behind a number", () => {
  const all = [
    agent("a", "stuck", stats({ tasks_failed: 1, total_cost: 0.2 })),
    agent("b", "idle", stats({ tasks_failed: 4 })),
    agent("c", "idle", stats({ total_cost: 3, avg_duration_ms: 900 })),
  ];
  const names = (show: string) => agentsBehind(all, show).map((one) => one.agent_id);

  it.each([
    ["", ["a", "b", "c"]],
    ["stuck", ["a"]],
    ["processing", []],
    ["failed", ["b", "a"]],
    ["cost", ["c", "a"]],
    ["duration", ["c"]],
  ])("%j: %j", (show, expected) => expect(names(show)).toEqual(expected));
});

describe("the address of the wall", () => {
  it("holds its filter", () => {
    const route = { view: "wall" as const, taskId: null, runId: null, query: { show: "stuck", project: "p" } };
    expect(parse(build(route))).toEqual(route);
  });
});

describe("the feed, event by event", () => {
  it("folds nothing and names each type", () => {
    const lines = each([event("task_started"), event("task_started"), custom("llm_call", {})]);
    expect(lines.map((line) => [typeOf(line.event), line.times])).toEqual([
      ["task_started", 1],
      ["task_started", 1],
      ["llm_call", 1],
    ]);
  });
});
