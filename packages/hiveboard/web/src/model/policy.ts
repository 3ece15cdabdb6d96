/** Policies for the SDK: the fields of each kind, what one says in a sentence, and policies written as JSON. */

import type { Policy } from "../api/settings";
import { count, money } from "../format";
import type { Field } from "./form";
import { writeDuration } from "./form";
import { asArray, asNumber, asObject, asText } from "./json";

export const POLICY_KINDS: readonly { value: string; label: string; hint: string }[] = [
  { value: "budget", label: "Budget", hint: "The most that may be spent. At least one of the four." },
  { value: "rate", label: "Rate", hint: "How often something may happen." },
  { value: "tools", label: "Tools", hint: "Which tools may be used. A * at the end of a name stands for any rest." },
  { value: "models", label: "Models", hint: "Which models may be called. A * at the end of a name stands for any rest." },
  { value: "approval", label: "Approval", hint: "Tools that wait for a person. A * at the end of a name stands for any rest." },
];

const AMOUNT = { least: 0, most: 1e12, half: true } as const;
const NAMES: readonly Field[] = [
  { path: "limit.allow", label: "Only these", kind: "lines", hint: "One a line. Empty: all.", half: true },
  { path: "limit.deny", label: "Never these", kind: "lines", hint: "One a line.", half: true },
];
const options = (...values: string[]) => values.map((value) => ({ value, label: value.replace("_", " ") }));

const LIMITS: Readonly<Record<string, readonly Field[]>> = {
  budget: [
    { path: "limit.usd", label: "US dollars", kind: "number", unit: "$", ...AMOUNT },
    { path: "limit.tokens", label: "Tokens", kind: "number", ...AMOUNT },
    { path: "limit.calls", label: "Model calls", kind: "number", ...AMOUNT },
    { path: "limit.seconds", label: "Time", kind: "duration", ...AMOUNT },
    { path: "limit.per", label: "In each", kind: "choice", first: "run", options: options("run", "session", "user", "hour", "day"), half: true },
  ],
  rate: [
    { path: "limit.count", label: "At most", kind: "whole", least: 1, most: 1e9, required: true, half: true },
    { path: "limit.of", label: "Of", kind: "choice", first: "runs", options: options("runs", "llm_calls", "tool_calls"), half: true },
    { path: "limit.seconds", label: "In any", kind: "duration", first: 60, least: 0.001, most: 31_536_000, required: true, half: true },
  ],
  tools: NAMES,
  models: NAMES,
  approval: [{ path: "limit.tools", label: "Tools", kind: "lines", required: true, hint: "One a line." }],
};

/** The fields of a policy of one kind. */
export function policyFields(kind: string): Field[] {
  return [
    { path: "name", label: "Name", kind: "text", required: true, example: "Half a dollar a run" },
    { path: "kind", label: "Kind", kind: "choice", first: "budget", options: POLICY_KINDS, hint: POLICY_KINDS.find((item) => item.value === kind)?.hint ?? "" },
    ...(LIMITS[kind] ?? []),
    {
      path: "action",
      label: "When it is passed",
      kind: "choice",
      first: "warn",
      options: [
        { value: "warn", label: "warn: go on, and say so" },
        { value: "throttle", label: "throttle: wait, then go on" },
        { value: "block", label: "block: refuse" },
      ],
    },
    { path: "match.agent", label: "Agents", kind: "text", example: "all", hint: "sales-* stands for all that begin so.", half: true },
    { path: "match.type", label: "Task types", kind: "text", example: "all", half: true },
    { path: "match.user_group", label: "User group", kind: "text", example: "all", half: true },
    { path: "id", label: "Id", kind: "text", example: "made from the name", hint: "Letters, digits and _ . : -", half: true },
    { path: "reason", label: "Reason", kind: "text", hint: "What the agent is told." },
  ];
}

/** An id from a name, different from those there are. */
export function idFrom(name: string, taken: readonly string[]): string {
  const base = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 50) || "policy";
  let id = base;
  for (let number = 2; taken.includes(id); number += 1) id = `${base}-${number}`;
  return id;
}

function names(value: unknown, before: string): string[] {
  const list = asArray(value).map(String);
  return list.length === 0 ? [] : [`${before} ${list.slice(0, 4).join(", ")}${list.length > 4 ? ` and ${list.length - 4} more` : ""}`];
}

function sayBudget(limit: Record<string, unknown>): string {
  const [usd, tokens, calls, seconds] = ["usd", "tokens", "calls", "seconds"].map((name) => asNumber(limit[name]));
  const parts = [
    ...(usd === null || usd === undefined ? [] : [money(usd)]),
    ...(tokens === null || tokens === undefined ? [] : [`${count(tokens)} tokens`]),
    ...(calls === null || calls === undefined ? [] : [`${count(calls)} model calls`]),
    ...(seconds === null || seconds === undefined ? [] : [writeDuration(seconds)]),
  ];
  return `At most ${parts.join(", ")} a ${asText(limit["per"]) ?? "run"}`;
}

/** What a policy limits, in a sentence. */
export function sayPolicy(policy: Policy): string {
  const limit = asObject(policy["limit"]);
  if (policy.kind === "budget") return sayBudget(limit);
  if (policy.kind === "rate")
    return `At most ${count(asNumber(limit["count"]))} ${(asText(limit["of"]) ?? "runs").replace("_", " ")} in any ${writeDuration(asNumber(limit["seconds"]) ?? 0)}`;
  if (policy.kind === "approval") return names(limit["tools"], "A person approves").join("");
  const noun = policy.kind === "models" ? "models" : "tools";
  return [...names(limit["allow"], `Only the ${noun}`), ...names(limit["deny"], "never")].join("; ") || `No ${noun} at all`;
}

/** Whom a policy is for; empty for everybody. */
export function sayMatch(policy: Policy): string {
  const match = asObject(policy["match"]);
  return (
    [
      ["agent", "agents"],
      ["type", "task type"],
      ["user_group", "user group"],
    ] as const
  )
    .flatMap(([name, word]) => (asText(match[name]) === null ? [] : [`${word} ${asText(match[name]) ?? ""}`]))
    .join(", ");
}

/** Policies from text, or what is wrong with the text and where. */
export function readPolicies(text: string): { policies: unknown[] } | { problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const place = /line (\d+) column (\d+)/.exec(String(error));
    const at = /position (\d+)/.exec(String(error));
    const before = at ? text.slice(0, Number(at[1])).split("\n") : [];
    const where = place ? `line ${place[1]}` : at ? `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}` : "somewhere";
    return { problem: `This is not JSON: something is wrong at ${where}.` };
  }
  const list = Array.isArray(value) ? value : asObject(value)["policies"];
  return Array.isArray(list) ? { policies: list } : { problem: "Write a list of policies: [ … ]." };
}
