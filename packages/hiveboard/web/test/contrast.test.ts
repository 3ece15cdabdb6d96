import { describe, expect, it } from "vitest";
import css from "../src/styles/tokens.css?raw";

const tokens = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map((match) => [
    match[1]!,
    [match[2]!, match[3]!] as const,
  ]),
);

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

const TEXTS = ["ink", "dim", "busy", "wait", "bad", "good", "idle", "lost", "retry", "llm", "tool"];
const SURFACES = ["s0", "s1", "s2", "accent-tint"];
const PAIRS = [
  ...TEXTS.flatMap((text) => SURFACES.map((surface) => [text, surface])),
  ["bad", "bad-tint"],
  ["wait", "wait-tint"],
  ["accent-ink", "accent"],
  ["accent", "s1"],
] as [string, string][];

describe.each([
  ["light", 0],
  ["dark", 1],
] as const)("%s", (_, mode) => {
  it.each(PAIRS)("%s on %s holds 4.5:1", (text, surface) => {
    expect(contrast(tokens.get(text)![mode], tokens.get(surface)![mode])).toBeGreaterThanOrEqual(4.5);
  });
});
