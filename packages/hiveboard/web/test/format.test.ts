import { describe, expect, it } from "vitest";
import { ago, count, duration, exact, money, oneLine, percent, span, tokenPair } from "../src/format";

describe("money", () => {
  it.each([
    [0, "$0"],
    [0.0032, "$0.0032"],
    [0.003261, "$0.00326"],
    [1.24, "$1.24"],
    [1234, "$1.23k"],
    [199_980, "$200k"],
    [120_000, "$120k"],
    [0.05, "$0.05"],
    [0.5, "$0.50"],
    [0.000001, "$0.000001"],
    [0.00000042, "$0.00000042"],
    [998.994, "$998.99"],
    [999.5, "$1k"],
    [999.999, "$1k"],
    [1_000_000, "$1M"],
    [-0.5, "-$0.50"],
    [0.9999, "$1.00"],
    [1e-13, "<$0.000000001"],
    [12, "$12.00"],
  ])("%d is %s", (value, text) => expect(money(value)).toBe(text));

  it("never turns a real sum into zero", () => {
    for (let exponent = -9; exponent <= 6; exponent += 0.37) expect(money(10 ** exponent)).toMatch(/[1-9]/);
  });

  it("shows the unknown as a dash", () => {
    for (const value of [null, undefined, NaN, Infinity]) expect(money(value)).toBe("–");
  });
});

describe("duration", () => {
  it.each([
    [0, "0 ms"],
    [840, "840 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [12_400, "12.4 s"],
    [59_940, "59.9 s"],
    [59_960, "1 m 00 s"],
    [185_000, "3 m 05 s"],
    [3_599_600, "1 h 00 m"],
    [7_440_000, "2 h 04 m"],
    [86_400_000, "1 d 00 h"],
    [-5, "0 ms"],
  ])("%d is %s", (value, text) => expect(duration(value)).toBe(text));
  it("shows the unknown as a dash", () => expect(duration(null)).toBe("–"));
});

describe("count", () => {
  it.each([
    [0, "0"],
    [7, "7"],
    [999, "999"],
    [1200, "1.2k"],
    [999_960, "1M"],
    [123_456, "123k"],
    [100, "100"],
    [20, "20"],
    [100_000, "100k"],
    [120_000, "120k"],
    [200_000, "200k"],
    [500_000, "500k"],
    [999_950, "1M"],
    [100_000_000, "100M"],
    [1e12, "1T"],
    [4.2e14, "420T"],
    [2_500_000, "2.5M"],
    [null, "–"],
  ])("%s is %s", (value, text) => expect(count(value)).toBe(text));
});

const UNITS: Record<string, number> = { "": 1, k: 1e3, M: 1e6, B: 1e9, T: 1e12 };

/** The value that a reader takes from what is shown. */
function read(text: string): number {
  const [, number, unit] = /^-?\$?([\d.]+)([kMBT]?)$/.exec(text) ?? [];
  return Number(number) * (UNITS[unit ?? ""] ?? NaN);
}

/** Every decade: its round multiples, its edges, and values between, the same in every run. */
function samples(from: number, to: number): number[] {
  const values: number[] = [];
  let seed = 42;
  for (let exponent = from; exponent < to; exponent += 1) {
    for (let digit = 1; digit < 10; digit += 1) values.push(digit * 10 ** exponent, digit * 1.2 * 10 ** exponent);
    for (const edge of [9.99, 9.994, 9.995, 9.9949, 9.99951, 9.9999]) values.push(edge * 10 ** exponent);
    for (let turn = 0; turn < 300; turn += 1) {
      seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
      values.push((1 + (9 * seed) / 2 ** 32) * 10 ** exponent);
    }
  }
  return values;
}

describe("what is shown is what it is", () => {
  const close = (shown: number, value: number) => Math.abs(shown - value) <= 0.01 * value;
  it("a count, within one percent", () => {
    const wrong = samples(0, 15).map(Math.round).filter((value) => !close(read(count(value)), value));
    expect(wrong).toEqual([]);
  });
  it("a sum of money, within one percent", () => {
    const wrong = samples(-9, 15).filter((value) => !close(read(money(value)), value));
    expect(wrong).toEqual([]);
  });
  it("a count below one thousand, exactly", () => {
    for (let value = 0; value < 1000; value += 1) expect(count(value)).toBe(String(value));
  });
  it("never in more than five figures and signs", () => {
    for (const value of samples(0, 14)) expect(count(Math.round(value)).length).toBeLessThanOrEqual(5);
  });
});

describe("percent", () => {
  it.each([
    [0, "0 %"],
    [1, "100 %"],
    [0.996, "99.6 %"],
    [0.9999, "99.9 %"],
    [0.58, "58 %"],
    [0.004, "0.4 %"],
    [0.00001, "<0.1 %"],
    [null, "–"],
  ])("%s is %s", (value, text) => expect(percent(value)).toBe(text));
});

describe("ages", () => {
  it.each([
    [0, "now"],
    [4.9, "4 s ago"],
    [61, "1 m ago"],
    [7200, "2 h ago"],
    [200_000, "2 d ago"],
    [-3, "now"],
    [-1500, "in 25 m"],
  ])("%d is %s", (value, text) => expect(ago(value)).toBe(text));
  it("shows the unknown as a dash", () => expect(span(null)).toBe("–"));
  it("shows what is no time as a dash", () => expect(exact("not-a-date")).toBe("–"));
});

describe("oneLine", () => {
  it("keeps foreign text on one line and within its limit", () => {
    expect(oneLine("a\n\tb\0c  d")).toBe("a b c d");
    expect(oneLine("x".repeat(10_000), 20)).toBe(`${"x".repeat(20)}…`);
  });
});

describe("tokenPair", () => {
  it.each([
    [1200, 30, "1.2k → 30"],
    [1200, null, "1.2k → –"],
    [0, 0, "0"],
    [null, undefined, "–"],
  ])("%s and %s are %s", (tokensIn, tokensOut, text) => expect(tokenPair(tokensIn, tokensOut)).toBe(text));
});
