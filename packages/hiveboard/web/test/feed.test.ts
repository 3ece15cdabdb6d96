import { describe, expect, it } from "vitest";
import { collapse, FEED_FILTERS, feedQuery, inScope, keeps, mergeEvents } from "../src/model/feed";
import { toneOf } from "../src/model/tone";
import { at, custom, event } from "./fixtures";

describe("merge", () => {
  it("keeps each event once, newest first", () => {
    const old = event("task_started", { timestamp: at(1) });
    const young = event("task_completed", { timestamp: at(2) });
    expect(mergeEvents([old], [young, old])).toEqual([young, old]);
  });
});

describe("collapse", () => {
  it("folds neighbours that say the same, and keeps the line's key while repeats arrive", () => {
    const told = () => custom("queue_snapshot", { depth: 4 });
    const first = told();
    const before = collapse([first]);
    const after = collapse([told(), told(), first]);
    expect(after).toHaveLength(1);
    expect(after[0]).toMatchObject({ times: 3, key: before[0]?.key });
  });

  it("keeps agents and tasks apart", () => {
    const events = [
      event("task_started", { task_id: "t" }),
      event("task_started", { task_id: "t", agent_id: "b" }),
      event("task_started", { task_id: "u", agent_id: "b" }),
    ];
    expect(collapse(events)).toHaveLength(3);
  });
});

describe("filters", () => {
  const samples = [
    event("task_failed", { severity: "error" }),
    event("action_started"),
    event("approval_requested"),
    event("escalated"),
    event("retry_started"),
    custom("llm_call", {}),
    custom("issue", {}, { severity: "error" }),
    custom("queue_snapshot", {}),
    event("heartbeat"),
  ];
  it("asks the collector for what it keeps", () => {
    for (const filter of FEED_FILTERS) {
      const query = feedQuery(filter);
      for (const sample of samples.filter((one) => keeps(filter, one))) {
        const kind = sample.event_type === "custom" ? String((sample.payload as { kind: string }).kind) : "";
        const asked =
          (!query["event_type"] || query["event_type"].split(",").includes(sample.event_type)) &&
          (!query["payload_kind"] || query["payload_kind"].split(",").includes(kind)) &&
          (!query["severity"] || query["severity"] === sample.severity);
        expect(asked).toBe(true);
      }
    }
  });
  it("counts an escalation as human and never shows heartbeats", () => {
    expect(samples.filter((one) => keeps("human", one)).map((one) => one.event_type)).toEqual([
      "approval_requested",
      "escalated",
    ]);
    expect(FEED_FILTERS.some((filter) => keeps(filter, event("heartbeat")))).toBe(false);
  });
  it("holds to project, environment and agent", () => {
    const scope = { filter: "all" as const, project: "p", environment: "production", agent: "a" };
    expect(inScope(scope, event("task_started", { project_id: "p", environment: "production" }))).toBe(true);
    expect(inScope(scope, event("task_started", { project_id: "q", environment: "production" }))).toBe(false);
    expect(inScope(scope, event("task_started", { project_id: "p", environment: "staging" }))).toBe(false);
  });
});

describe("tones", () => {
  it.each([
    [event("task_completed"), "good"],
    [event("task_completed", { status: "cancelled" }), "idle"],
    [event("action_completed", { payload: { success: false } }), "bad"],
    [event("approval_received", { payload: { data: { decision: "rejected" } } }), "bad"],
    [custom("llm_call", { model: "m" }), "llm"],
    [custom("llm_call", { metadata: { error: { message: "429" } } }), "bad"],
    [custom("issue", { action: "resolved" }), "good"],
    [custom("issue", {}, { severity: "error" }), "bad"],
    [custom("plan_step", { action: "failed" }), "bad"],
    [event("never_heard_of"), "none"],
  ])("colours %#", (told, tone) => expect(toneOf(told)).toBe(tone));

  it("never throws, whatever the payload", () => {
    for (const type of ["task_failed", "custom", "action_completed", "approval_received", "constructor", "__proto__"]) {
      for (const payload of [null, [], 7, "x", { kind: "llm_call", data: null }, { kind: "issue", data: 5 }, { kind: "constructor" }]) {
        expect(typeof toneOf(event(type, { payload: payload as never }))).toBe("string");
      }
    }
  });
});
