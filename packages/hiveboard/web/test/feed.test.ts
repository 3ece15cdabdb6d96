import { describe, expect, it } from "vitest";
import { collapse, FEED_FILTERS, feedQuery, inScope, keeps, mergeEvents } from "../src/model/feed";
import { tell } from "../src/model/narrative";
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

describe("sentences", () => {
  it.each([
    [
      event("task_failed", { task_id: "t-1", duration_ms: 1200, payload: { exception_type: "E", exception_message: "no" } }),
      "failed t-1 in 1.2 s: E: no",
    ],
    [event("task_completed", { task_id: "t-1", status: "cancelled" }), "ended t-1 as cancelled"],
    [
      event("retry_started", { payload: { data: { attempt: 2, backoff_seconds: 4, reason: "503" } } }),
      "retries (attempt 2) after 4.0 s: 503",
    ],
    [event("approval_requested", { payload: { summary: "Refund?", approver: "bo" } }), "asks bo for approval: Refund?"],
    [
      event("approval_received", { payload: { summary: "Refund?", data: { decision: "rejected", approved_by: "bo" } } }),
      "was rejected by bo: Refund?",
    ],
    [
      custom("llm_call", { name: "think", model: "m", tokens_in: 1200, tokens_out: 3, cost: 0.0032, duration_ms: 900 }),
      "called think → m (1.2k in / 3 out, $0.0032, 900 ms)",
    ],
    [
      custom("plan_step", { step_index: 0, action: "completed" }, {}, "Step 0 completed: Look up"),
      "completed plan step 1: Look up",
    ],
    [custom("memory_op", {}, {}, "Stored 3 facts"), "memory op: Stored 3 facts"],
    [event("never_heard_of"), "never heard of"],
  ])("tells %#", (told, text) => expect(tell(told).text).toBe(text));

  it("never throws, whatever the payload", () => {
    for (const type of ["task_failed", "custom", "retry_started", "approval_received", "constructor", "__proto__"]) {
      for (const payload of [
        null,
        [],
        7,
        "x",
        { kind: "llm_call", data: null },
        { kind: "plan_step", summary: 5 },
        { kind: "constructor" },
        { data: { attempt: "x" } },
      ]) {
        expect(typeof tell(event(type, { payload: payload as never })).text).toBe("string");
      }
    }
  });
});
