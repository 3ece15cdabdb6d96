import { describe, expect, it } from "vitest";
import { GAP, SIDES, waterfallColumns } from "../src/model/columns";

const CASES = [
  { took: 6, tokens: 0, cost: 0 },
  { took: 8, tokens: 11, cost: 9 },
  { took: 8, tokens: 13, cost: 16 },
];

describe.each(CASES)("columns for %o", (longest) => {
  const widths = Array.from({ length: 180 }, (_, index) => 280 + index * 20);
  it.each(widths)("%d px wide leave the bars at least half", (width) => {
    const columns = waterfallColumns(width, longest);
    if (columns.mode === "stack") expect(columns.track).toBe(width - SIDES);
    else expect(columns.track).toBeGreaterThanOrEqual(width / 2);
  });
  it.each(widths)("%d px wide add up", (width) => {
    const { mode, grid, track } = waterfallColumns(width, longest);
    if (mode === "stack") return;
    const fixed = [...grid.matchAll(/(\d+)px/g)].map((match) => Number(match[1]));
    expect(fixed.reduce((sum, part) => sum + part, 0) + track + fixed.length * GAP + SIDES).toBe(width);
  });
});

it("shows no column for numbers that no row has", () => {
  expect(waterfallColumns(1400, { took: 6, tokens: 0, cost: 0 })).toMatchObject({ mode: "columns", tokens: false, cost: false });
  expect(waterfallColumns(1400, { took: 6, tokens: 9, cost: 8 })).toMatchObject({ mode: "columns", tokens: true, cost: true });
});

it("gives up the tokens before the cost, and both columns before the bars", () => {
  const longest = { took: 8, tokens: 11, cost: 9 };
  expect(waterfallColumns(800, longest)).toMatchObject({ mode: "columns", tokens: false, cost: true });
  expect(waterfallColumns(600, longest)).toMatchObject({ mode: "under", tokens: true, cost: true });
  expect(waterfallColumns(390, longest)).toMatchObject({ mode: "stack" });
});
