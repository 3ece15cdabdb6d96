import { afterEach, describe, expect, it } from "vitest";
import { collect, fill } from "../src/model/form";
import { idFrom, POLICY_KINDS, policyFields, readPolicies, sayMatch, sayPolicy } from "../src/model/policy";
import { heartbeatTone, progress, rateTone } from "../src/model/status";
import { FIRST_THRESHOLDS, takeThresholds, thresholds, toneAbove, toneBelow } from "../src/model/thresholds";
import { build, parse } from "../src/router";
import { agent } from "./fixtures";

afterEach(() => takeThresholds({}));

describe("thresholds", () => {
  it("colours what is worse the higher it is, from the limit on", () => {
    const limits = { wait: 5, bad: 20 };
    expect([4.9, 5, 19.9, 20, null].map((value) => toneAbove(value, limits))).toEqual(["none", "wait", "wait", "bad", "none"]);
    expect(toneAbove(1e9, { wait: null, bad: null })).toBe("none");
    expect(toneAbove(0, { wait: 0, bad: null })).toBe("wait");
  });
  it("leaves a rate without limits neutral, and never calls it good", () => expect(toneBelow(1, { wait: null, bad: null })).toBe("none"));
  it("has one limit alone", () => {
    expect(toneBelow(0.5, { wait: 0.9, bad: null })).toBe("wait");
    expect(toneBelow(0.5, { wait: null, bad: 0.6 })).toBe("bad");
    expect(toneBelow(0.7, { wait: null, bad: 0.6 })).toBe("good");
  });
  it("takes what the collector says and keeps the rest", () => {
    takeThresholds({ success_rate: { wait: 0.5, bad: 0.1 } });
    expect(rateTone(0.6)).toBe("good");
    expect(thresholds.value.stuck_agents).toEqual(FIRST_THRESHOLDS.stuck_agents);
  });
  it("judges progress and heartbeats by the settings, else by the agent's own threshold", () => {
    const slow = agent("a", "processing", { no_progress_seconds: 50 });
    expect(progress(slow)).toBe("fine");
    takeThresholds({ no_progress_seconds: { wait: 20, bad: 40 }, heartbeat_age_seconds: { wait: 5, bad: 10 } });
    expect(progress(slow)).toBe("stalled");
    expect(heartbeatTone(slow, 7)).toBe("wait");
    takeThresholds({ no_progress_seconds: { wait: null, bad: 1000 } });
    expect(progress(agent("a", "processing", { no_progress_seconds: 400 }))).toBe("slow");
  });
});

describe("policies", () => {
  it.each(POLICY_KINDS.map((kind) => kind.value))("one of kind %s is told as a sentence", (kind) => {
    const fields = policyFields(kind);
    const values = { ...fill(fields), name: "n", kind, "limit.usd": "0.5", "limit.count": "3", "limit.allow": "a*\nb", "limit.tools": "pay" };
    const policy = collect(fields, values) as never;
    expect(sayPolicy(policy)).not.toMatch(/undefined|NaN|–/);
    expect(sayMatch(policy)).toBe("");
  });
  it("says nothing wrong of a policy that holds anything", () =>
    expect(sayPolicy({ id: "x", name: "x", kind: "budget", action: "warn", limit: "no" })).toContain("a run"));
  it("makes an id of its own from the name", () => {
    expect(idFrom("Half a dollar!", [])).toBe("half-a-dollar");
    expect(idFrom("Half a dollar!", ["half-a-dollar", "half-a-dollar-2"])).toBe("half-a-dollar-3");
    expect(idFrom("🐝", [])).toBe("policy");
  });
  it("reads a list, or the answer of the collector as it is", () => {
    expect(readPolicies("[]")).toEqual({ policies: [] });
    expect(readPolicies('{"policies": [1]}')).toEqual({ policies: [1] });
  });
  it.each(["", "[1,", "{}", "null", "7"])("%j is told to be wrong", (text) => expect(readPolicies(text)).toHaveProperty("problem"));
});

describe("addresses of the settings", () => {
  it("keeps the part", () => expect(build(parse("#/settings/keys"))).toBe("#/settings/keys"));
  it("survives a part nobody knows", () => expect(parse("#/settings/%00%2F")).toMatchObject({ view: "settings", id: "\0/" }));
});
