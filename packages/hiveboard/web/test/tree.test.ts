import { describe, expect, it } from "vitest";
import type { ActionNode, JsonObject, TreeCall } from "../src/api/types";
import { buildTree, flatten, timeSpan } from "../src/model/tree";
import { at, custom, event, run } from "./fixtures";

function action(action_id: string, change: Partial<ActionNode> = {}): ActionNode {
  return {
    action_id,
    parent_action_id: null,
    name: action_id,
    status: "success",
    started_at: at(0),
    duration_ms: 1000,
    llm_calls: [],
    error: null,
    children: [],
    ...change,
  };
}

function call(event_id: string, change: Partial<TreeCall> = {}): TreeCall {
  return {
    event_id,
    started_at: at(2),
    completed_at: at(3),
    name: "think",
    model: "m",
    tokens_in: 1,
    tokens_out: 2,
    cost: null,
    duration_ms: 1000,
    ...change,
  };
}

const labels = (tree: ReturnType<typeof buildTree>) =>
  flatten(tree, new Set()).map((row) => `${" ".repeat(row.depth)}${row.node.kind}:${row.node.label}`);

describe("buildTree", () => {
  it("puts LLM calls under their action, in order of time among its children", () => {
    const tree = buildTree(
      run({
        action_tree: [
          action("outer", {
            duration_ms: 9000,
            llm_calls: [call("l2", { completed_at: at(8) }), call("l1", { completed_at: at(2) })],
            children: [action("inner", { started_at: at(4) })],
          }),
        ],
      }),
    );
    expect(labels(tree)).toEqual(["action:outer", " llm:think", " action:inner", " llm:think"]);
    expect(tree[0]?.children.map((node) => node.key)).toEqual(["llm:l1", "action:inner", "llm:l2"]);
  });

  it("draws a call once, whether it comes in the tree, in the events, or in both", () => {
    const told = custom("llm_call", { name: "think", prompt_preview: "hi" }, { event_id: "l1", action_id: "outer" });
    const tree = buildTree(run({ action_tree: [action("outer", { llm_calls: [call("l1")] })], events: [told] }));
    expect(labels(tree)).toEqual(["action:outer", " llm:think"]);
    expect(tree[0]?.children[0]?.llm?.prompt_preview).toBe("hi");
    expect(labels(buildTree(run({ action_tree: [action("outer")], events: [told] })))).toEqual(["action:outer", " llm:think"]);
  });

  it("keeps a call of an unknown action at the root", () => {
    const tree = buildTree(run({ events: [custom("llm_call", { name: "lone" }, { action_id: "gone" })] }));
    expect(labels(tree)).toEqual(["llm:lone"]);
  });

  it("starts a call where it began: the event is sent at its end", () => {
    const [node] = buildTree(run({ events: [custom("llm_call", { name: "x", duration_ms: 2000 }, { timestamp: at(5) })] }));
    expect(node?.start).toBe(Date.parse(at(3)));
  });

  it("shows the exception on the action that failed", () => {
    const failed = event("action_failed", {
      action_id: "a1",
      payload: { action_name: "a1", exception_type: "KeyError", exception_message: "'x'" },
    });
    const [node] = buildTree(run({ action_tree: [action("a1", { status: "failure" })], events: [failed] }));
    expect(node).toMatchObject({ state: "failed", error: "KeyError: 'x'", tone: "bad" });
  });

  it.each([{ success: false }, { error: "boom" }, { data: { success: false } }])(
    "takes a completed action with %j as failed",
    (payload) => {
      const ended = event("action_completed", { action_id: "a1", status: "success", payload: payload as unknown as JsonObject });
      expect(buildTree(run({ action_tree: [action("a1")], events: [ended] }))[0]?.state).toBe("failed");
    },
  );

  it("gives retries, escalations, approvals, issues and failed calls rows of their own", () => {
    const events = [
      event("retry_started", { action_id: "a1", payload: { data: { attempt: 2, reason: "503" } } }),
      event("escalated", { payload: { summary: "too big", data: { assigned_to: "bo" } } }),
      event("approval_requested", { payload: { summary: "Refund?", approver: "bo" } }),
      custom("issue", { severity: "high", action: "reported" }, {}, "ERP down"),
      custom("llm_call", { name: "ask", metadata: { error: { type: "RateLimitError", message: "slow down" } } }),
      custom("plan_step", { step_index: 0, action: "started" }),
      event("task_started"),
    ];
    const rows = flatten(buildTree(run({ action_tree: [action("a1")], events })), new Set());
    expect(rows.map((row) => row.node.kind).sort()).toEqual(["action", "approval", "escalation", "issue", "llm", "retry"]);
    expect(rows.find((row) => row.node.kind === "retry")?.depth).toBe(1);
    expect(rows.find((row) => row.node.kind === "llm")?.node.error).toBe("RateLimitError: slow down");
  });

  it("tells a running action from one that its finished run left open", () => {
    const open = action("a1", { status: null, duration_ms: null });
    expect(buildTree(run({ action_tree: [open], completed_at: null, derived_status: "processing" }))[0]?.state).toBe("running");
    expect(buildTree(run({ action_tree: [open] }))[0]?.state).toBe("ended");
  });

  it("tells what works from what arranges the work", () => {
    const tree = buildTree(
      run({
        action_tree: [
          action("graph", {
            kind: "agent",
            children: [action("plan", { kind: "node" }), action("lookup", { kind: "tool" }), action("docs", { kind: "retrieval" })],
          }),
          action("by hand", { children: [action("leaf by hand")] }),
          action("new kind", { kind: "crew" }),
        ],
      }),
    );
    expect(flatten(tree, new Set()).map(({ node }) => [node.label, node.role, node.tone])).toEqual([
      ["by hand", "step", "none"],
      ["leaf by hand", "tool", "tool"],
      ["graph", "agent", "none"],
      ["docs", "retrieval", "tool"],
      ["lookup", "tool", "tool"],
      ["plan", "step", "none"],
      ["new kind", "step", "none"],
    ]);
  });

  it("shows the collector's sentence on rows that are moments", () => {
    const told = event("retry_started", { headline: "tries again, attempt 2: 503" });
    expect(labels(buildTree(run({ events: [told] })))).toEqual(["retry:Tries again, attempt 2: 503"]);
  });

  it("survives payloads of any shape", () => {
    const odd = [
      null,
      [],
      "text",
      5,
      { kind: {} },
      { kind: "llm_call", data: [1] },
      { kind: "llm_call", data: { name: {}, metadata: "x", cost: "1" } },
      { kind: "__proto__", data: null },
      { kind: "constructor" },
    ];
    const events = odd.map((payload) => event("custom", { payload: payload as never }));
    expect(() => buildTree(run({ events }))).not.toThrow();
  });

  it("flattens five thousand nested rows", () => {
    let node = action("leaf");
    for (let depth = 0; depth < 5000; depth += 1) node = action(`n${depth}`, { children: [node] });
    expect(flatten(buildTree(run({ action_tree: [node] })), new Set())).toHaveLength(5001);
  });
});

describe("flatten", () => {
  it("leaves out what lies in a folded node", () => {
    const tree = buildTree(
      run({ action_tree: [action("a", { children: [action("b", { children: [action("c")] })] }), action("d")] }),
    );
    expect(flatten(tree, new Set(["action:b"])).map((row) => row.node.label)).toEqual(["a", "b", "d"]);
  });
});

describe("timeSpan", () => {
  it("ends with the run, or now while it is open", () => {
    const now = Date.parse(at(60));
    expect(timeSpan(run({}), [], now)).toEqual({ from: Date.parse(at(0)), to: Date.parse(at(10)) });
    expect(timeSpan(run({ completed_at: null, derived_status: "processing" }), [], now).to).toBe(now);
  });
  it("is never empty", () => {
    const span = timeSpan(run({ started_at: null, completed_at: null }), [], 5);
    expect(span.to).toBeGreaterThan(span.from);
  });
});
