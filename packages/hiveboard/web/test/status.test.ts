import { describe, expect, it } from "vitest";
import { byUrgency, isOpen, needsAttention, progress, rateTone, statusLook } from "../src/model/status";
import { lostNote, mostTelling, whyTelling } from "../src/model/task";
import { allowed } from "../src/model/openapi";
import { agent, run } from "./fixtures";

describe("urgency", () => {
  it("puts what needs a person first", () => {
    const names = ["idle", "offline", "processing", "error", "stuck", "waiting_approval"];
    const ordered = names
      .map((status) => agent(status, status))
      .sort(byUrgency)
      .map((item) => item.agent_id);
    expect(ordered).toEqual(["stuck", "error", "waiting_approval", "processing", "idle", "offline"]);
  });

  it("raises a wedged agent above everything but a stuck one", () => {
    const wedged = agent("wedged", "processing", { no_progress_seconds: 400 });
    expect(progress(wedged)).toBe("stalled");
    expect(needsAttention(wedged)).toBe(true);
    expect([agent("e", "error"), wedged, agent("s", "stuck")].sort(byUrgency).map((item) => item.agent_id)).toEqual([
      "s",
      "wedged",
      "e",
    ]);
  });

  it("orders equals by name, so that cards never trade places", () => {
    expect([agent("b", "idle"), agent("a", "idle")].sort(byUrgency).map((item) => item.agent_id)).toEqual(["a", "b"]);
  });
});

describe("thresholds", () => {
  it.each([
    [0.58, "bad"],
    [0.85, "wait"],
    [0.95, "good"],
    [null, "none"],
  ])("a success rate of %s is %s", (rate, tone) => expect(rateTone(rate)).toBe(tone));
});

describe("statusLook", () => {
  it.each(["somethingnew", "", null, "constructor", "__proto__"])("shows the unknown status %j neutrally", (status) =>
    expect(statusLook(status).tone).toBe("none"),
  );
  it("gives every bad status a shape of its own", () => expect(statusLook("stuck").shape).not.toBe(statusLook("error").shape));
});

describe("mostTelling", () => {
  it("prefers trouble, then work, then the newest", () => {
    const rows = ["completed", "processing", "failed"].map((derived_status) => run({ derived_status }));
    expect(mostTelling(rows)?.derived_status).toBe("failed");
    expect(mostTelling(rows.slice(0, 2))?.derived_status).toBe("processing");
    expect(mostTelling(rows.slice(0, 1))?.derived_status).toBe("completed");
    expect(mostTelling([])).toBeNull();
  });
});

describe("the run that is shown first", () => {
  it.each([
    ["waiting", "waits for a person"],
    ["stuck", "its agent is stuck"],
    ["failed", "failed lately"],
    ["processing", "is at work"],
    ["completed", "is the newest"],
  ])("says of a run that is %s why", (derived_status, words) => expect(whyTelling(run({ derived_status }))).toContain(words));
});

describe("a lost run", () => {
  const row = run({
    derived_status: "lost",
    lost_since: "2026-02-10T14:03:00.000Z",
    last_step: { name: "download", type: "action_started", timestamp: "2026-02-10T14:02:00.000Z" },
  });
  it("says its last step and when its process was last heard", () => {
    expect(lostNote(row)).toContain("Its last step was download");
    expect(lostNote(row)).toContain("Nothing was heard of its process since");
    expect(lostNote(run({ derived_status: "processing" }))).toBeNull();
  });
  it("is not at work", () => expect(isOpen("lost")).toBe(false));
});

describe("the statuses to filter by", () => {
  const document = (values: unknown) => ({
    paths: { "/v1/tasks": { get: { parameters: [{ name: "q" }, { name: "status", schema: { enum: values } }] } } },
  });
  it("are those that the collector takes", () => expect(allowed(document(["failed", "aborted"]), "status")).toEqual(["failed", "aborted"]));
  it.each([null, 7, {}, { paths: [] }, document("failed")])("are none where %o tells none", (value) =>
    expect(allowed(value, "status")).toEqual([]),
  );
});
