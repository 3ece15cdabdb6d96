/** The URL is the state: view, selected run, filters. Everything lives after `#`, so ids never reach a server log. */

import { computed, signal } from "@preact/signals";

export const VIEWS = ["fleet", "tasks", "activity", "costs", "pipeline", "insights", "compare", "sessions", "settings"] as const;
export type ViewName = (typeof VIEWS)[number];
/** Views of one thing, named by its id. */
const DETAILS = ["agent", "session"] as const;
export type DetailName = (typeof DETAILS)[number];
/** The fleet on a screen that hangs on a wall: no view of the navigation, but with an address of its own. */
const WALL = "wall";
export type Query = Readonly<Record<string, string>>;

export interface Route {
  view: ViewName | DetailName | typeof WALL | "run";
  /** Set when `view` is "run". */
  taskId: string | null;
  runId: string | null;
  /** Set when the view is of one agent or one session; of the settings, which part of them. */
  id?: string;
  query: Query;
}

/** Filters that follow the reader from view to view. */
const STICKY = ["project", "environment"] as const;

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Read a location hash; an unknown view is the fleet. */
export function parse(hash: string): Route {
  const [path = "", search = ""] = splitOnce(hash.replace(/^#\/?/, ""), "?");
  const query: Record<string, string> = {};
  for (const [key, value] of new URLSearchParams(search)) if (value !== "") query[key] = value;
  const parts = path.split("/");
  if (parts[0] === "run" && parts[1]) {
    return { view: "run", taskId: decode(parts[1]), runId: parts[2] ? decode(parts[2]) : null, query };
  }
  const detail = DETAILS.find((name) => name === parts[0]);
  if (detail && parts[1]) return { view: detail, taskId: null, runId: null, id: decode(parts[1]), query };
  if (parts[0] === WALL) return { view: WALL, taskId: null, runId: null, query };
  const view = VIEWS.find((name) => name === parts[0]) ?? "fleet";
  const part = view === "settings" && parts[1] ? { id: decode(parts[1]) } : {};
  return { view, taskId: null, runId: null, ...part, query };
}

function splitOnce(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** Percent-encode an id that may hold anything; lone surrogates, which `encodeURIComponent` refuses, are replaced. */
export function encode(text: string): string {
  return encodeURIComponent(text.replace(/[\ud800-\udfff]/gu, "\ufffd"));
}

/** The hash of a route, the inverse of {@link parse}. */
export function build(route: Route): string {
  let path = `#/${route.view}`;
  if (route.view === "run" && route.taskId) {
    path += `/${encode(route.taskId)}${route.runId ? `/${encode(route.runId)}` : ""}`;
  }
  if (route.id !== undefined) path += `/${encode(route.id)}`;
  const search = Object.entries(route.query)
    .filter(([, value]) => value !== "")
    .map(([key, value]) => `${encode(key)}=${encode(value)}`)
    .join("&");
  return search ? `${path}?${search}` : path;
}

const hash = signal(typeof location === "undefined" ? "" : location.hash);
export const route = computed(() => parse(hash.value));
export const project = computed(() => route.value.query["project"] ?? "");
export const environment = computed(() => route.value.query["environment"] ?? "");

export function startRouter(): void {
  addEventListener("hashchange", () => {
    hash.value = location.hash;
  });
}

function sticky(): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const key of STICKY) {
    const value = route.value.query[key];
    if (value) kept[key] = value;
  }
  return kept;
}

/** Address of a view, keeping project and environment. */
export function viewHref(view: ViewName | typeof WALL, query: Query = {}): string {
  return build({ view, taskId: null, runId: null, query: { ...sticky(), ...query } });
}

/** Address of a part of the settings. */
export function settingsHref(part: string): string {
  return build({ view: "settings", taskId: null, runId: null, id: part, query: sticky() });
}

/** Address of one run. */
export function runHref(taskId: string, runId?: string | null, query: Query = {}): string {
  return build({ view: "run", taskId, runId: runId ?? null, query: { ...sticky(), ...query } });
}

/** Address of one agent or one session. */
export function detailHref(view: DetailName, id: string, query: Query = {}): string {
  return build({ view, taskId: null, runId: null, id, query: { ...sticky(), ...query } });
}

export function go(href: string): void {
  if (location.hash === href) return;
  location.hash = href;
}

/** The present address with some query fields changed; an empty value removes the field. */
export function withQuery(change: Query): string {
  return build({ ...route.value, query: { ...route.value.query, ...change } });
}

/** Change query fields; `replace` leaves no step for Back (typing in a filter). */
export function setQuery(change: Query, replace = false): void {
  const next = withQuery(change);
  if (next === location.hash) return;
  if (replace) {
    history.replaceState(null, "", next);
    hash.value = next;
  } else {
    location.hash = next;
  }
}
