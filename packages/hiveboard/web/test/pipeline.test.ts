import { describe, expect, it } from "vitest";
import type { QueueState } from "../src/api/pipeline";
import { itemsOf, itemsWaiting, oldestSeconds } from "../src/model/queue";
import { retryRows } from "../src/model/retries";
import { bySoonest, intervalMs, nextRun } from "../src/model/schedule";
import { at, event } from "./fixtures";

const MINUTE = 60_000;
const NOON = Date.parse(at(0));

describe("intervals", () => {
  it.each([
    [90, 90_000],
    ["90", 90_000],
    ["10m", 10 * MINUTE],
    ["1 h", 60 * MINUTE],
    ["1h 30m", 90 * MINUTE],
    ["1 h 30 min", 90 * MINUTE],
    ["every 5 minutes", 5 * MINUTE],
    ["hourly", 60 * MINUTE],
    ["Daily", 1440 * MINUTE],
    ["1.5h", 90 * MINUTE],
  ])("%j is %d ms", (told, ms) => expect(intervalMs(told)).toBe(ms));

  it.each(["", "0", 0, -5, null, {}, "*/5 * * * *", "on Mondays", "10 parsecs", "m m", "5m and 3s", NaN])("%j is none", (told) =>
    expect(intervalMs(told)).toBeNull(),
  );
});

describe("the next run", () => {
  const item = (more: object) => ({ agent_id: "a", ...more });

  it("is the one the agent told", () => {
    expect(nextRun(item({ next_run: at(300), last_run: at(-60), interval: "1h" }), NOON)).toEqual({
      at: NOON + 300_000,
      reckoned: false,
      overdue: false,
    });
  });

  it("follows from the last run and the interval", () => {
    expect(nextRun(item({ last_run: at(-120), interval: "10m" }), NOON)).toEqual({
      at: NOON + 480_000,
      reckoned: true,
      overdue: false,
    });
  });

  it.each([
    [-30, "10m", false],
    [-61, "10m", true],
    [-300, "1h", false],
    [-361, "1h", true],
  ])("%d s late of %s: overdue %s", (seconds, interval, overdue) =>
    expect(nextRun(item({ next_run: at(seconds), interval }), NOON)?.overdue).toBe(overdue),
  );

  it("is unknown where nothing tells it, and never comes when switched off", () => {
    expect(nextRun(item({ interval: "10m" }), NOON)).toBeNull();
    expect(nextRun(item({ next_run: "soon" }), NOON)).toBeNull();
    expect(nextRun(item({ next_run: at(-9999), enabled: false }), NOON)).toBeNull();
  });

  it("orders the schedule, the unknown last", () => {
    const items = [item({ name: "?" }), item({ name: "later", next_run: at(90) }), item({ name: "late", next_run: at(-90) })];
    expect(items.sort(bySoonest(NOON)).map((one) => (one as { name?: string }).name)).toEqual(["late", "later", "?"]);
  });
});

describe("queues", () => {
  const queue = (agent_id: string, change: object): QueueState => ({ agent_id, depth: 1, ...change }) as QueueState;

  it("puts what is urgent first, then what waits longest", () => {
    const rows = itemsWaiting([
      queue("a", { items: [{ id: "1", priority: "low" }, { id: "2", queued_at: at(-10) }] }),
      queue("b", { items: [{ id: "3", priority: "normal", queued_at: at(-60) }, { id: "4", priority: "urgent" }] }),
    ]);
    expect(rows.map((row) => row.id)).toEqual(["4", "3", "2", "1"]);
  });

  it.each([null, undefined, "x", 7, {}])("items that are %j are none", (items) => expect(itemsOf(queue("a", { items }))).toEqual([]));

  it("takes any item", () => {
    const rows = itemsOf(queue("a", { items: ["plain", 7, null, { summary: { no: 1 } }] }));
    expect(rows.map((row) => row.summary)).toEqual(["plain", "7", null, null]);
  });

  it("goes on ageing after the snapshot", () => {
    expect(oldestSeconds(queue("a", { oldest_age_seconds: 120, snapshot_at: at(-30) }), NOON)).toBe(150);
    expect(oldestSeconds(queue("a", { items: [{ queued_at: at(-40) }, { queued_at: at(-9) }] }), NOON)).toBe(40);
    expect(oldestSeconds(queue("a", {}), NOON)).toBeNull();
  });
});

describe("retries", () => {
  const retry = (seconds: number, attempt: number, wait: number | null, reason = "503", task = "t") =>
    event("retry_started", {
      task_id: task,
      timestamp: at(seconds),
      payload: { data: { attempt, reason, ...(wait === null ? {} : { backoff_seconds: wait }) } },
    });

  it("are one row per run and reason, the pauses added up", () => {
    const rows = retryRows([retry(9, 3, 4), retry(8, 1, null, "429"), retry(5, 2, 2), retry(1, 2, null, "503", "u"), event("escalated")]);
    expect(rows.map((row) => [row.taskId, row.reason, row.times, row.attempt, row.waitedMs])).toEqual([
      ["t", "503", 2, 3, 6000],
      ["t", "429", 1, 1, null],
      ["u", "503", 1, 2, null],
    ]);
  });
});
