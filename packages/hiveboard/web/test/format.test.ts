import { describe, expect, it } from "vitest";
import { ago, count, duration, exact, money, oneLine, percent, span, tokenPair } from "../src/format";

describe("money", () => {
  it.each([
    [0, "$0"],
    [0.0032, "$0.0032"],
    [0.00326, "$0.0033"],
    [1.24, "$1.24"],
    [1234, "$1.2k"],
    [0.05, "$0.05"],
    [0.5, "$0.50"],
    [0.000001, "$0.000001"],
    [0.00000042, "$0.00000042"],
    [999.994, "$999.99"],
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
    [2_500_000, "2.5M"],
    [null, "–"],
  ])("%s is %s", (value, text) => expect(count(value)).toBe(text));
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
