/** Shapes of what people set up, and the requests that change it. */

import { encode } from "../router";
import { get, request } from "./client";
import type { Json, Page } from "./types";

export type Part = Record<string, Json>;

export interface Rule {
  rule_id: string;
  name: string;
  condition: Part & { type: string };
  filters: Record<string, string | null>;
  severity: string;
  channels: string[];
  cooldown_seconds: number;
  enabled: boolean;
  notify_resolved: boolean;
  is_silenced: boolean;
  silenced_until: string | null;
  firing: number;
}

export interface Channel {
  channel_id: string;
  name: string;
  channel: Part & { type: string };
  rules: string[];
}

export interface Attempt {
  at: string;
  delivered: boolean;
  status_code: number | null;
  error: string | null;
  duration_ms: number;
}

export interface Delivery {
  channel_id: string;
  channel_name: string;
  channel_type: string;
  target: string;
  status: string;
  attempts: Attempt[];
  error: string | null;
  next_attempt_at: string | null;
}

export interface Alert {
  alert_id: string;
  rule_id: string;
  rule_name: string;
  severity: string;
  state: string;
  status: string;
  title: string;
  text: string;
  url: string;
  agent_id: string | null;
  since: string;
  fired_at: string;
  more: number;
  deliveries: Delivery[];
}

export interface ApiKey {
  key_id: string;
  key_prefix: string;
  key_type: string;
  name: string;
  scopes: string[];
  created_at: string;
  created_by: string | null;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
  is_active: boolean;
}

/** From which value on a number is a warning, from which an alarm; null is never. */
export interface Steps {
  wait: number | null;
  bad: number | null;
}

export interface Preferences {
  retention_days: number | null;
  public_url: string | null;
  effective_public_url: string | null;
  thresholds: Record<string, Steps>;
}

/** US dollars per million tokens. */
export interface Price {
  model: string;
  source: string;
  set_by: string | null;
  matched: string | null;
  input_per_m: number | null;
  output_per_m: number | null;
  cache_read_per_m: number | null;
  cache_write_per_m: number | null;
  is_tiered: boolean;
  updated_at: string | null;
  calls_30d: number;
}

export type Policy = Part & { id: string; name: string; kind: string; action: string };

export interface PolicySet {
  policies: Policy[];
  version: string;
}

export interface ProjectRow {
  project_id: string;
  slug: string;
  name: string;
  description: string;
  is_archived: boolean;
  event_count: number;
  agent_count: number;
  last_seen: string | null;
}

/** Lists of settings are short by their limits; beyond so many pages something else is wrong. */
const MOST_PAGES = 20;

/** A whole list, page by page. */
export async function readAll<T>(path: string, query: Record<string, string | boolean>, abort: AbortSignal): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer: Page<T> = await get<Page<T>>(path, { ...query, limit: 200, cursor }, abort);
    all.push(...answer.data);
    cursor = answer.pagination.has_more ? answer.pagination.cursor : null;
    if (cursor === null) break;
  }
  return all;
}

export const testAlert = (what: "rules" | "channels", id: string) => request<Alert>("POST", `alerts/${what}/${encode(id)}/test`);

/** Tell nobody for so many seconds; null ends the silence. */
export const silence = (id: string, seconds: number | null) =>
  request<Rule>("POST", `alerts/rules/${encode(id)}/silence`, { body: seconds === null ? {} : { seconds } });

/** Make something, or change what has an id already. */
export function save<T>(path: string, id: string | null, body: unknown): Promise<T> {
  return id === null ? request<T>("POST", path, { body }) : request<T>("PATCH", `${path}/${encode(id)}`, { body });
}

export const remove = (path: string, id: string, query: Record<string, boolean> = {}) =>
  request<unknown>("DELETE", `${path}/${encode(id)}`, { query });

export const putPolicies = (policies: unknown, version: string) =>
  request<PolicySet>("PUT", "policies", { body: { policies }, ifMatch: version });
