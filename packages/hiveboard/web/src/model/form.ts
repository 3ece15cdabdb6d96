/** What a form is made of: fields as text on the page, values as JSON for the collector, and what is wrong with them. */

import type { Json } from "../api/types";
import { asObject } from "./json";

export type FieldKind =
  | "text"
  | "long"
  | "secret"
  | "number"
  | "whole"
  | "percent"
  | "duration"
  | "choice"
  | "check"
  | "lines"
  | "numbers"
  | "pairs"
  | "many";

export interface Option {
  value: string;
  label: string;
  hint?: string;
}

export interface Field {
  /** Where it stands in the JSON, `condition.count`. */
  path: string;
  label: string;
  kind: FieldKind;
  hint?: string;
  /** Shown in the empty field. */
  example?: string;
  unit?: string;
  options?: readonly Option[];
  /** What agents already named. */
  suggest?: () => readonly string[];
  required?: boolean;
  least?: number;
  most?: number;
  /** What one of the field's unit is in the JSON: 1000 for seconds that are sent as milliseconds. */
  scale?: number;
  /** What a new form begins with, as JSON. */
  first?: Json;
  /** Several columns wide: it stands beside its neighbour. */
  half?: boolean;
}

export type Value = string | boolean | readonly string[];
export type Values = Readonly<Record<string, Value>>;
export type Problems = Readonly<Record<string, string>>;

const UNITS: readonly [unit: string, seconds: number][] = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
  ["ms", 0.001],
];

/** Seconds as people write them: `90 s`, `15 m`, `250 ms`. */
export function writeDuration(seconds: number): string {
  if (seconds === 0) return "0 s";
  const [unit, size] = UNITS.find(([, each]) => seconds >= each && Number.isInteger(tidy(seconds / each))) ?? ["s", 1];
  return `${tidy(seconds / size)} ${unit}`;
}

/** Seconds, null for what is no duration. A bare number is seconds. */
export function readDuration(text: string): number | null {
  const found = /^(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|sec|m|min|h|d)?$/i.exec(text.trim());
  if (!found) return null;
  const unit = (found[2] ?? "s").toLowerCase().replace("sec", "s").replace("min", "m");
  const size = UNITS.find(([name]) => name === unit)?.[1] ?? 1;
  return tidy(Number(found[1]) * size);
}

/** Without the dust of floating point. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}

function readNumber(text: string): number | null {
  const plain = text.trim().replace(/[\s_,](?=\d{3}(\D|$))/g, "");
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : null;
}

function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

/** The number a text stands for, in the unit of the JSON; null when it is none. */
function amount(field: Field, text: string): number | null {
  const value = field.kind === "duration" ? readDuration(text) : readNumber(text);
  return value === null ? null : tidy(value * (field.kind === "percent" ? 0.01 : (field.scale ?? 1)));
}

function sayAmount(field: Field, value: number): string {
  if (field.kind === "duration") return writeDuration(tidy(value / (field.scale ?? 1)));
  if (field.kind === "percent") return `${tidy(value * 100)}`;
  return `${tidy(value / (field.scale ?? 1))}`;
}

/** A value of the JSON as the field shows it. */
export function show(field: Field, value: Json | undefined): Value {
  if (field.kind === "check") return value === true;
  if (field.kind === "many") return Array.isArray(value) ? value.map(String) : [];
  if (value === null || value === undefined) return "";
  if (typeof value === "number" && field.kind !== "text") return sayAmount(field, value);
  if (Array.isArray(value)) return value.join(field.kind === "numbers" ? ", " : "\n");
  if (field.kind === "pairs") return Object.entries(asObject(value)).map(([name, text]) => `${name}: ${String(text)}`).join("\n");
  return String(value);
}

function at(json: unknown, path: string): Json | undefined {
  return path.split(".").reduce<unknown>((part, name) => asObject(part)[name], json) as Json | undefined;
}

/** The fields of a form, filled from what is stored; what is absent there gets the field's first value. */
export function fill(fields: readonly Field[], json: unknown = null): Values {
  return Object.fromEntries(
    fields.map((field) => {
      const stored = json === null ? undefined : at(json, field.path);
      return [field.path, show(field, stored === undefined ? field.first : stored)];
    }),
  );
}

/** What a field sends; undefined where it is empty. */
function send(field: Field, value: Value | undefined): Json | undefined {
  if (field.kind === "check") return value === true;
  if (field.kind === "many") return Array.isArray(value) ? [...value] : [];
  const text = typeof value === "string" ? value : "";
  if (text.trim() === "") return undefined;
  switch (field.kind) {
    case "number":
    case "whole":
    case "percent":
    case "duration":
      return amount(field, text) ?? undefined;
    case "lines":
      return linesOf(text);
    case "numbers":
      return text.split(/[\s,;]+/).filter(Boolean).map(Number);
    case "pairs":
      return Object.fromEntries(linesOf(text).map((line) => [line.split(":")[0]?.trim() ?? "", line.slice(line.indexOf(":") + 1).trim()]));
    case "secret":
    case "long":
      return text;
    default:
      return text.trim();
  }
}

/** The JSON of a form; empty fields are absent, or null where that means something. */
export function collect(fields: readonly Field[], values: Values, emptyIsNull = false): Record<string, Json> {
  const body: Record<string, Json> = {};
  for (const field of fields) {
    const value = send(field, values[field.path]) ?? (emptyIsNull ? null : undefined);
    if (value === undefined) continue;
    const names = field.path.split(".");
    let part = body;
    for (const name of names.slice(0, -1)) part = (part[name] ??= {}) as Record<string, Json>;
    part[names.at(-1) ?? ""] = value;
  }
  return body;
}

function outside(field: Field, value: number): string | null {
  if (field.least !== undefined && value < field.least) return `At least ${sayAmount(field, field.least)}${unitOf(field)}.`;
  if (field.most !== undefined && value > field.most) return `At most ${sayAmount(field, field.most)}${unitOf(field)}.`;
  return null;
}

function unitOf(field: Field): string {
  return field.kind === "percent" ? " %" : "";
}

function wrong(field: Field, value: Value | undefined): string | null {
  const text = typeof value === "string" ? value.trim() : "";
  if (typeof value !== "string" || text === "") {
    const empty = field.kind === "many" ? !Array.isArray(value) || value.length === 0 : field.kind !== "check";
    return field.required && empty ? "This is needed." : null;
  }
  if (field.kind === "duration" && readDuration(text) === null) return "Write a time such as 90 s, 15 m, 2 h or 1 d.";
  if (field.kind === "numbers" && !/^\d+([\s,;]+\d+)*$/.test(text)) return "Write whole numbers with commas between: 50, 80, 100.";
  if (field.kind === "pairs" && linesOf(text).some((line) => !/^[^:]+:/.test(line))) return "One a line, as Name: value.";
  if (!["number", "whole", "percent", "duration"].includes(field.kind)) return null;
  const number = amount(field, text);
  if (number === null) return "Write a number.";
  if (field.kind === "whole" && !Number.isInteger(number)) return "Write a whole number.";
  return outside(field, number);
}

/** What is wrong before anything is sent, by path. */
export function check(fields: readonly Field[], values: Values): Problems {
  const found = fields.map((field) => [field.path, wrong(field, values[field.path])] as const);
  return Object.fromEntries(found.filter((pair): pair is readonly [string, string] => pair[1] !== null));
}

const BOUND = /(>=|<=|>|<) ?(-?[\d.e+]+)/;
const BOUNDS: Record<string, string> = { ">=": "At least", "<=": "At most", ">": "More than", "<": "Less than" };

/** What the collector asks for, in the words and the unit of the field. */
export function inWords(fix: string, field: Field | undefined): string {
  const missing = /missing required field `([^`]+)`/.exec(fix);
  if (missing) return field?.path.endsWith(missing[1] ?? "\0") ? "This is needed." : `“${missing[1]}” is missing.`;
  const [, sign = "", limit = ""] = BOUND.exec(fix) ?? [];
  const word = BOUNDS[sign];
  if (word && fix.includes("length")) return `${word} ${limit} ${fix.includes("array") ? "entries" : "characters"}.`;
  if (word && field) return `${word} ${sayAmount(field, Number(limit))}${unitOf(field)}.`;
  const text = fix.replace(/`/g, "");
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

/**
 * Where the message of a refusal belongs: to the field the collector named, or the one nearest to it, or (key `""`) to
 * the form as a whole.
 */
export function place(
  error: { field: string | null; fix: string | null; message: string },
  fields: readonly Field[],
  below: RegExp | "" = "",
): Problems {
  if (error.field === null) return { "": error.message };
  const named = error.field.replace(below, "").replace(/\[[\d.]*\]/g, "");
  const missing = /missing required field `([^`]+)`/.exec(error.fix ?? "");
  const path = missing ? [...named.split("."), missing[1]].filter((name) => name && name !== "body").join(".") : named;
  const near = (field: Field) => field.path === path || path.startsWith(`${field.path}.`) || field.path.startsWith(`${path}.`);
  const field = fields.find((item) => item.path === path) ?? fields.find(near);
  return field ? { [field.path]: inWords(error.fix ?? error.message, field) } : { "": error.message };
}
