import { describe, expect, it } from "vitest";
import type { Beat } from "../src/api/agent";
import type { Json } from "../src/api/types";
import { beatSeries, rhythm, troubles } from "../src/model/heartbeat";
import { agent } from "./fixtures";

const T0 = Date.parse("2026-02-10T14:00:00Z");

function beat(seconds: number, payload: Json = null): Beat {
  const timestamp = new Date(T0 + seconds * 1000).toISOString();
  return { timestamp, received_at: timestamp, payload };
}

describe("what heartbeats carry", () => {
  it("is a course per number, oldest first, with a gap where it was not told", () => {
    const { series } = beatSeries([beat(20, { queue: 3, mem: { mb: 7 } }), beat(10, { queue: 1 }), beat(0, null)]);
    expect(series).toEqual([
      { name: "queue", values: [null, 1, 3], last: 3 },
      { name: "mem.mb", values: [null, null, 7], last: 7 },
    ]);
  });

  it("leaves the books of the SDK aside and shows words as they were last", () => {
    const { series, facts } = beatSeries([beat(10, { mode: "warm", hiveloop: { seq: 2 } }), beat(0, { mode: "cold" })]);
    expect(series).toEqual([]);
    expect(facts).toEqual([{ name: "mode", text: "warm" }]);
  });

  it.each([null, 7, "text", [1, 2], { a: { b: { c: { d: { e: 1 } } } } }, JSON.parse('{"__proto__": 5}')])("survives %j", (payload) =>
    expect(() => beatSeries([beat(0, payload as Json)])).not.toThrow(),
  );

  it("shows no more than so many fields, and says so", () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`f${index}`, index]));
    const { series, omitted } = beatSeries([beat(0, many)]);
    expect(series.length + omitted).toBe(100);
    expect(series.length).toBeLessThan(30);
  });
});

describe("the rhythm", () => {
  it("marks silences beyond the threshold, also the one that lasts", () => {
    const found = rhythm([beat(320), beat(20), beat(10), beat(0)], 60_000, T0 + 400_000);
    expect(found?.beats).toEqual([0, 0.025, 0.05, 0.8]);
    expect(found?.silences.map((silence) => silence.ms)).toEqual([300_000, 80_000]);
    expect(found).toMatchObject({ usualMs: 10_000, longestMs: 300_000 });
  });
  it("is absent without a heartbeat, and holds when an agent's clock is ahead", () => {
    expect(rhythm([], 60_000, T0)).toBeNull();
    expect(rhythm([beat(500), beat(0)], 60_000, T0 + 10_000)?.beats).toEqual([0, 1]);
  });
});

describe("troubles", () => {
  it("are told in sentences", () => {
    expect(troubles(agent("a", "stuck"), 400, 0)).toEqual([
      { tone: "bad", text: "Stuck: no heartbeat for 6 m, and its threshold is 5 m." },
    ]);
    expect(troubles(agent("a", "idle"), 4, 0)).toEqual([]);
    expect(troubles(agent("a", "idle"), 4, 2)[0]?.text).toContain("2 of its runs are lost");
  });
});
