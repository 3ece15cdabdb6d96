/** Reading foreign payloads: every accessor is total, because anything may be in there. */

import type { HiveEvent, Json, JsonObject } from "../api/types";

export function asObject(value: unknown): JsonObject {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function asArray(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}

/** A non-empty text, or the text of a number or boolean; null for everything else. */
export function asText(value: unknown): string | null {
  if (typeof value === "string") return value === "" ? null : value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

export function asNumber(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** The `data` object of an event's payload. */
export function dataOf(event: HiveEvent): JsonObject {
  return asObject(asObject(event.payload)["data"]);
}

/** A field that published clients put either into `payload.data` or flat into `payload`. */
export function field(event: HiveEvent, name: string): Json | undefined {
  return dataOf(event)[name] ?? asObject(event.payload)[name];
}

export function kindOf(event: HiveEvent): string | null {
  return event.event_type === "custom" ? (asText(asObject(event.payload)["kind"]) ?? "custom") : null;
}

export function summaryOf(event: HiveEvent): string | null {
  return asText(asObject(event.payload)["summary"]);
}

export interface Failure {
  type: string | null;
  message: string | null;
}

/** What went wrong, from any of the places a failure is told; null when nothing did. */
export function failureOf(value: unknown): Failure | null {
  if (typeof value === "string") return value === "" ? null : { type: null, message: value };
  const body = asObject(value);
  const type = asText(body["exception_type"]) ?? asText(body["type"]) ?? asText(body["error_type"]);
  const message =
    asText(body["exception_message"]) ?? asText(body["message"]) ?? asText(body["error_message"]) ?? asText(body["error"]);
  return type || message ? { type, message } : null;
}

export function failureText(failure: Failure): string {
  if (failure.type && failure.message) return `${failure.type}: ${failure.message}`;
  return failure.message ?? failure.type ?? "failed";
}
