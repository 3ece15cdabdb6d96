import { afterEach, describe, expect, it, vi } from "vitest";
import { calendarTicks, elapsed, elapsedTicks, moneyTicks } from "../src/model/axis";

const ROUND = new Set(
  [
    [1, [1, 2, 5, 10, 20, 50, 100, 200, 500]],
    [1000, [1, 2, 5, 10, 15, 30]],
    [60_000, [1, 2, 5, 10, 15, 30]],
    [3_600_000, [1, 2, 3, 6, 12]],
    [86_400_000, [1, 2, 5, 10, 20, 50, 100]],
  ].flatMap(([unit, numbers]) => (numbers as number[]).map((number) => number * (unit as number))),
);

function parsed(label: string): number {
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  return [...label.matchAll(/([\d.]+) (ms|s|m|h|d)/g)].reduce((sum, [, number, unit]) => sum + Number(number) * units[unit!]!, 0);
}

describe("the time axis of a run", () => {
  const lengths = [1, 7, 90, 999, 4600, 5000, 17_100, 61_000, 80_000, 640_000, 3_700_000, 90_000_000, 9e9];
  const widths = [60, 120, 180, 260, 400, 800, 1600, 3000];
  it.each(lengths.flatMap((length) => widths.map((width) => [length, width] as const)))(
    "of %d ms on %d px has round steps and room for every label",
    (length, width) => {
      const ticks = elapsedTicks(length, width);
      expect(ticks[0]).toEqual({ x: 0, label: "0" });
      ticks.forEach((tick, index) => {
        const next = ticks[index + 1];
        if (next) expect(next.x - tick.x).toBeGreaterThan(tick.label.length * 7 + 8);
        expect(tick.x + tick.label.length * 7).toBeLessThanOrEqual(width);
      });
      expect(new Set(ticks.map((tick) => tick.label)).size).toBe(ticks.length);
      if (ticks[1]) expect(ROUND).toContain(parsed(ticks[1].label));
      ticks.forEach((tick) => expect(Math.abs(tick.x - (parsed(tick.label) / length) * width)).toBeLessThan(0.001));
      if (width >= 400 && length > 5) expect(ticks.length).toBeGreaterThanOrEqual(2);
    },
  );
  it("says whole units", () =>
    expect([0, 200, 1000, 1500, 15_000, 60_000, 90_000, 7_200_000].map(elapsed)).toEqual([
      "0",
      "200 ms",
      "1 s",
      "1.5 s",
      "15 s",
      "1 m",
      "1 m 30 s",
      "2 h",
    ]));
});

describe.each(["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])("the calendar axis in %s", (zone) => {
  afterEach(() => vi.unstubAllEnvs());
  const end = Date.UTC(2026, 10, 2, 14, 20);
  const hour = 3_600_000;
  it.each([1, 6, 25, 24 * 7, 24 * 7 + 6, 24 * 30])("over %d hours repeats no label", (hours) => {
    vi.stubEnv("TZ", zone);
    for (const width of [220, 300, 700, 1300, 2400]) {
      const ticks = calendarTicks(end - hours * hour, end, width);
      expect(new Set(ticks.map((tick) => tick.label)).size).toBe(ticks.length);
      expect(ticks.length).toBeGreaterThan(0);
      expect(ticks.length).toBeLessThanOrEqual(width / 40);
      for (const tick of ticks) {
        const date = new Date(tick.at);
        if (hours > 48) expect([date.getHours(), date.getMinutes()]).toEqual([0, 0]);
        else expect(date.getMinutes() % 5).toBe(0);
      }
    }
  });
});

describe("the money axis", () => {
  it.each([0.1337, 0.125, 7, 6.9, 0.0000317, 0.15, 999, 1250, 120_000, 199_980, 3e-8])("up to $%d is exact and holds the bar", (top) => {
    for (const most of [3, 4, 6]) {
      const ticks = moneyTicks(top, most);
      expect(ticks.at(-1)!.at).toBeGreaterThanOrEqual(top * (1 - 1e-9));
      expect(ticks.length).toBeLessThanOrEqual(most + 1);
      for (const { at, label } of ticks) {
        const [, number, unit] = /^\$([\d.]+)([kM]?)$/.exec(label)!;
        expect(Math.abs(Number(number) * { "": 1, k: 1e3, M: 1e6 }[unit!]! - at)).toBeLessThanOrEqual(at * 1e-9);
      }
    }
  });
  it("without any money has one mark", () => expect(moneyTicks(0, 4)).toEqual([{ at: 0, label: "$0" }]));
});
