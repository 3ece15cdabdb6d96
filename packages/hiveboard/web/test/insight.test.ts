import { describe, expect, it } from "vitest";
import type { BreakdownColumn, Insight } from "../src/api/insights";
import { barScale, cellText, csv, drawable, inside, trendOf, written } from "../src/model/insight";
import { rangeOf } from "../src/model/range";

const BEFORE = "the 24 hours before";

function insight(id: string, unit: string, value: number | null, previous: number | null): Insight {
  const change = value === null || previous === null ? null : value - previous;
  const base = { number: 1, group: "glance", question: "?", explanation: "", trend: [], evidence: [] };
  return { ...base, id, unit, value, previous, change, state: value === null ? "unknown" : "ok" };
}

describe("the number of a question", () => {
  it.each([
    [8.5278, "usd", "cost", "$8.53", ""],
    [4522.4, "ms", "durations", "4.5 s", ""],
    [22.4, "seconds", "happening-now", "22.4 s", ""],
    [0.958333, "ratio", "success-rate", "96 %", ""],
    [12.57, "ratio", "prompt-bloat", "12.6×", ""],
    [-0.032, "ratio", "deploys", "-3.2", "points"],
    [1, "runs", "fails-most", "1", "run"],
    [0, "agents", "stuck", "0", "agents"],
    [2.035, "per_hour", "work-flowing", "2.04", "per hour"],
    [90.3, "points", "fleet-health", "90.3", "of 100 points"],
    [5.394, "runs_per_usd", "return", "5.39", "runs per dollar"],
  ])("%d %s of %s is written %s %s", (value, unit, id, text, word) => expect(written(value, unit, id)).toEqual({ text, unit: word }));

  it.each([null, undefined, Number.NaN, Infinity])("%s is unknown, never zero", (value) =>
    expect(written(value, "usd")).toEqual({ text: "–", unit: "" }),
  );
});

describe("its trend", () => {
  it.each([
    ["success-rate", "ratio", 0.97, 0.9, "up", "good"],
    ["success-rate", "ratio", 0.9, 0.97, "down", "bad"],
    ["cost", "usd", 12, 10, "up", "bad"],
    ["cost", "usd", 8, 10, "down", "good"],
    ["durations", "ms", 900, 1000, "down", "good"],
    ["models-called", "calls", 20, 10, "up", "none"],
    ["failed-tools", "steps", 3, 0, "up", "bad"],
    ["cost", "usd", 3, 0, "up", "none"],
  ] as const)("%s in %s: %d after %d goes %s and is %s", (id, unit, value, previous, direction, tone) =>
    expect(trendOf(insight(id, unit, value, previous), BEFORE)).toMatchObject({ direction, tone }),
  );

  it("is told in points for shares, in per cent for the rest, as a multiple when it is large", () => {
    expect(trendOf(insight("success-rate", "ratio", 0.97, 0.9), BEFORE)?.text).toBe("7 points");
    expect(trendOf(insight("cost", "usd", 12, 10), BEFORE)?.text).toBe("20 %");
    expect(trendOf(insight("cost", "usd", 250, 10), BEFORE)?.text).toBe("25×");
    expect(trendOf(insight("failed-tools", "steps", 3, 0), BEFORE)?.text).toBe("from 0");
  });

  it("says in words what the arrow and the colour say", () =>
    expect(trendOf(insight("cost", "usd", 12, 10), BEFORE)?.spoken).toBe("up 20 % from $10.00 in the 24 hours before: worse"));

  it("is steady within half a per cent, and absent where nothing is known", () => {
    expect(trendOf(insight("cost", "usd", 10.01, 10), BEFORE)?.direction).toBe("flat");
    expect(trendOf(insight("cost", "usd", 0, 0), BEFORE)?.direction).toBe("flat");
    expect(trendOf(insight("cost", "usd", 10, null), BEFORE)).toBeNull();
    expect(trendOf(insight("cost", "usd", null, 10), BEFORE)).toBeNull();
  });

  it("draws a line only of three known points or more", () => {
    const of = (...values: (number | null)[]) => ({
      ...insight("cost", "usd", 1, 1),
      trend: values.map((value) => ({ timestamp: "2026-01-01T00:00:00Z", value })),
    });
    expect(drawable(of(null, 1, 2))).toBeNull();
    expect(drawable(of(null, 0, 0, 0))).toEqual([null, 0, 0, 0]);
  });
});

const COLUMNS: BreakdownColumn[] = [
  { key: "agent", title: "Agent", unit: "text" },
  { key: "cost", title: "Cost", unit: "usd" },
];

describe("a breakdown", () => {
  it.each([
    [null, "text", "–"],
    [true, "flag", "yes"],
    [{ a: 1 }, "text", '{"a":1}'],
    [0.25, "ratio", "25 %"],
    [0.916, "number", "92 %"],
    [7, "number", "7"],
  ])("writes %j of %s as %s", (value, unit, text) => expect(cellText(value, { key: "x", title: "X", unit })).toBe(text));

  it("draws its bars by the first column of numbers", () => {
    expect(barScale(COLUMNS, [{ cost: 2 }, { cost: 8 }, { cost: null }])).toEqual({ key: "cost", top: 8 });
    expect(barScale(COLUMNS, [{ cost: 2 }])).toBeNull();
  });

  it("becomes CSV that no spreadsheet takes for a formula", () =>
    expect(csv(COLUMNS, [{ agent: '=1+"2"', cost: -0.5 }, { agent: "a,b", cost: null }])).toBe(
      'Agent,Cost (usd)\r\n"\'=1+""2""",-0.5\r\n"a,b",\r\n',
    ));
});

describe("evidence", () => {
  it.each(["javascript:alert(1)", "https://elsewhere.example", "//elsewhere", "#", "#/", " #/fleet"])("%s is not followed", (link) =>
    expect(inside({ label: "x", link })).toBeNull(),
  );
  it("leads to views of the page", () => expect(inside({ label: "x", link: "#/costs?range=7d" })).toBe("#/costs?range=7d"));
});

describe("a range", () => {
  it.each([["7d", "7d"], [undefined, "24h"], ["__proto__", "24h"]])("%s is %s", (name, value) => expect(rangeOf(name).value).toBe(value));
});
