/** Stretches of time that the views look back over. */

export const RANGES = [
  { value: "1h", label: "Last hour", before: "the hour before" },
  { value: "6h", label: "Last 6 hours", before: "the 6 hours before" },
  { value: "24h", label: "Last 24 hours", before: "the 24 hours before" },
  { value: "7d", label: "Last 7 days", before: "the 7 days before" },
  { value: "30d", label: "Last 30 days", before: "the 30 days before" },
] as const;

export type Range = (typeof RANGES)[number];
export const DEFAULT_RANGE = "24h";

/** The range of an address; what is not one is the default. */
export function rangeOf(name: string | undefined): Range {
  return RANGES.find((range) => range.value === name) ?? RANGES[2];
}
