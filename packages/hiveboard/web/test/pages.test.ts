import { describe, expect, it } from "vitest";
import type { Page } from "../src/api/types";
import { firstRows, joined } from "../src/state/pages";

const self = (row: string) => row;

describe("joined", () => {
  it("loses no row where the first page ends, however many came on top", () => {
    expect(joined(["new", "a", "b"], ["a", "b", "c", "d"], self)).toEqual(["new", "a", "b", "c", "d"]);
    expect(joined(["a", "b"], ["a", "b", "c"], self)).toEqual(["a", "b", "c"]);
  });

  it("drops what the first page no longer holds and keeps each row once", () => {
    expect(joined(["c", "b"], ["a", "b", "c", "d"], self)).toEqual(["c", "b", "d"]);
  });

  it("says so when the two do not meet, and keeps all behind an empty page", () => {
    expect(joined(["x", "y"], ["a", "b"], self)).toBeNull();
    expect(joined([], ["a"], self)).toEqual(["a"]);
  });
});

describe("first rows", () => {
  const pages: Record<string, Page<string>> = {
    "": { data: [], pagination: { cursor: "1", has_more: true } },
    "1": { data: ["a"], pagination: { cursor: "2", has_more: true } },
    "2": { data: ["b", "c"], pagination: { cursor: null, has_more: false } },
  };
  const read = async (cursor: string | null) => pages[cursor ?? ""] as Page<string>;

  it("follows empty pages until there are enough or no more", async () => {
    expect(await firstRows(read, 1)).toEqual(["a"]);
    expect(await firstRows(read, 9)).toEqual(["a", "b", "c"]);
    expect(await firstRows(read, 2)).toEqual(["a", "b"]);
  });
});
