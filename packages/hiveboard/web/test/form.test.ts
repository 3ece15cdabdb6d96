import { describe, expect, it } from "vitest";
import { CONDITIONS, ruleFields, sayCondition, sayFilters } from "../src/model/alert";
import { channelFields } from "../src/model/channel";
import { check, collect, fill, inWords, place, readDuration, show, writeDuration, type Field } from "../src/model/form";

const NONE = { projects: () => [], environments: () => [], agents: () => [] };
const field = (change: Partial<Field>): Field => ({ path: "x", label: "X", kind: "text", ...change });

describe("durations", () => {
  it.each([
    ["90", 90],
    ["90 s", 90],
    ["15m", 900],
    ["2 h", 7200],
    ["1.5 h", 5400],
    ["1 d", 86_400],
    ["250 ms", 0.25],
  ])("%s is %d seconds", (text, seconds) => expect(readDuration(text)).toBe(seconds));
  it.each(["", "soon", "-5 s", "5 weeks", "1e3", "5 5"])("%j is none", (text) => expect(readDuration(text)).toBeNull());
  it.each([0, 0.25, 1, 90, 300, 5400, 86_400, 604_800, 100.5])("%d seconds come back as they were", (seconds) =>
    expect(readDuration(writeDuration(seconds))).toBe(seconds),
  );
});

describe("fields", () => {
  it("sends percentages as fractions without the dust of floating point", () => {
    const rate = field({ kind: "percent" });
    expect(collect([rate], { x: "57" })).toEqual({ x: 0.57 });
    expect(show(rate, 0.57)).toBe("57");
  });
  it("sends seconds as milliseconds where the collector counts them so", () => {
    const slow = field({ kind: "duration", scale: 1000 });
    expect(collect([slow], { x: "1 m" })).toEqual({ x: 60_000 });
    expect(show(slow, 60_000)).toBe("1 m");
  });
  it("leaves out what is empty, or says null where that means something", () => {
    expect(collect([field({}), field({ path: "a.b" })], { x: "  ", "a.b": "1" })).toEqual({ a: { b: "1" } });
    expect(collect([field({ path: "t.w", kind: "number" })], { "t.w": "" }, true)).toEqual({ t: { w: null } });
  });
  it("keeps a zero, which is not empty", () => expect(collect([field({ kind: "number" })], { x: "0" })).toEqual({ x: 0 }));
  it("reads headers, also with colons in their values", () =>
    expect(collect([field({ kind: "pairs" })], { x: "A: b:c\n\nD:e" })).toEqual({ x: { A: "b:c", D: "e" } }));
  it("keeps every blank of a secret", () => expect(collect([field({ kind: "secret" })], { x: " a b " })).toEqual({ x: " a b " }));
  it("reads 10,000 as ten thousand and refuses 1,5", () => {
    expect(collect([field({ kind: "number" })], { x: "10,000" })).toEqual({ x: 10_000 });
    expect(check([field({ kind: "number" })], { x: "1,5" })).toEqual({ x: "Write a number." });
  });
  it.each([
    [field({ required: true }), "", "This is needed."],
    [field({ kind: "many", required: true }), [], "This is needed."],
    [field({ kind: "whole" }), "1.5", "Write a whole number."],
    [field({ kind: "number", least: 5 }), "4", "At least 5."],
    [field({ kind: "percent", most: 1 }), "101", "At most 100 %."],
    [field({ kind: "duration", least: 300 }), "10 s", "At least 5 m."],
    [field({ kind: "duration" }), "soon", "Write a time such as 90 s, 15 m, 2 h or 1 d."],
    [field({ kind: "numbers" }), "50, many", "Write whole numbers with commas between: 50, 80, 100."],
    [field({ kind: "pairs" }), "no colon", "One a line, as Name: value."],
  ])("%o with %j is wrong", (item, value, problem) => expect(check([item], { x: value })).toEqual({ x: problem }));
  it.each([field({}), field({ kind: "number" }), field({ kind: "check" }), field({ kind: "many" })])("%o may be empty", (item) =>
    expect(check([item], fill([item]))).toEqual({}),
  );
});

describe("what the collector refuses", () => {
  const fields = [field({ path: "condition.window_seconds", kind: "duration" }), field({ path: "channels", kind: "many" }), field({ path: "limit.usd" })];
  const at = (name: string | null, fix: string | null) => ({ field: name, fix, message: `${name}: ${fix}` });

  it("stands at its field, in the field's unit", () =>
    expect(place(at("condition.window_seconds", "Expected `float` >= 300.0"), fields)).toEqual({ "condition.window_seconds": "At least 5 m." }));
  it("finds the field that is missing", () =>
    expect(place(at("condition", "Object missing required field `window_seconds`"), fields)).toEqual({
      "condition.window_seconds": "This is needed.",
    }));
  it("finds the list of an entry", () =>
    expect(Object.keys(place(at("channels[3]", "Expected `str`"), fields))).toEqual(["channels"]));
  it("finds the field below what surrounds the form", () =>
    expect(Object.keys(place(at("policies[12].limit.usd", "x"), fields, /^policies\[[^\]]*\]\.?/))).toEqual(["limit.usd"]));
  it("goes to the part that holds it when only that is named", () =>
    expect(Object.keys(place(at("policies[0].limit", "name at least one"), fields, /^policies\[[^\]]*\]\.?/))).toEqual(["limit.usd"]));
  it.each([at("elsewhere", "x"), at(null, null), at("__proto__", "x"), at("", "x")])("%o is said of the form as a whole", (error) =>
    expect(place(error, fields)).toEqual({ "": error.message }),
  );
  it.each([
    ["Expected `str` of length <= 200", "At most 200 characters."],
    ["Expected `array` of length >= 1", "At least 1 entries."],
    ["send the secret again", "Send the secret again."],
  ])("%s", (fix, words) => expect(inWords(fix, field({}))).toBe(words));
});

describe("rules", () => {
  it.each(Object.keys(CONDITIONS))("a new rule of kind %s is complete but for its name and its money", (type) => {
    const fields = ruleFields(type, [], NONE);
    const values = { ...fill(fields), name: "n", "condition.type": type };
    const missing = Object.keys(check(fields, values));
    expect(missing.every((path) => path.endsWith("_usd"))).toBe(true);
    expect(collect(fields, values)).toMatchObject({ name: "n", condition: { type }, enabled: true });
  });
  it.each(Object.keys(CONDITIONS))("a rule of kind %s is told as a sentence", (type) => {
    const fields = ruleFields(type, [], NONE);
    const { condition } = collect(fields, { ...fill(fields), "condition.type": type, "condition.limit_usd": "5", "condition.threshold_usd": "5" });
    expect(sayCondition(condition as never)).not.toMatch(/undefined|NaN|–/);
  });
  it("shows a kind it does not know by its name", () => {
    expect(sayCondition({ type: "moon_phase" })).toBe("moon_phase");
    expect(sayCondition({ type: "constructor" })).toBe("constructor");
  });
  it("only asks for a task type where runs are looked at", () => {
    expect(ruleFields("queue_depth", [], NONE).some((item) => item.path === "filters.task_type")).toBe(false);
    expect(ruleFields("task_failed", [], NONE).some((item) => item.path === "filters.task_type")).toBe(true);
  });
  it("says its filters", () => expect(sayFilters({ project_id: "sales", agent_id: null, environment: "prod" })).toBe("project sales, environment prod"));
});

describe("channels", () => {
  it("sends a hidden secret back as it came, so that it stays", () => {
    const stored = { name: "n", channel: { type: "webhook", url: "http://h/", secret: "********", headers: { A: "********" } } };
    const fields = channelFields("webhook");
    expect(collect(fields, fill(fields, stored))).toEqual(stored);
  });
  it("begins e-mail with the usual port and encryption", () =>
    expect(collect(channelFields("email"), fill(channelFields("email")))).toMatchObject({
      channel: { smtp: { port: 587, security: "starttls" } },
    }));
});
