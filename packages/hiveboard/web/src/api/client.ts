/** Typed requests to the collector. Every failure becomes an {@link ApiError} that says what to do. */

import { signal } from "@preact/signals";

/** True once the collector has answered 401: the page asks for a key. */
export const signInNeeded = signal(false);
/** What requests that change something carry, so that no page of another origin can send them. */
export const csrf = signal<string | null>(null);
/** Collector's clock minus this machine's, in milliseconds. */
export const clockSkewMs = signal(0);

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** The field the collector does not take, and what it takes instead. */
    readonly field: string | null = null,
    readonly fix: string | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export function refuse(): void {
  signInNeeded.value = true;
}

type Query = Record<string, string | number | boolean | null | undefined>;

/** The address of an endpoint, under whatever prefix the page itself is served. */
export function endpoint(path: string, query: Query = {}): string {
  const url = new URL(`v1/${path}`, document.baseURI.split("#")[0]);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, String(value));
  }
  return url.toString();
}

async function failure(response: Response): Promise<ApiError> {
  let code = "http_error";
  let message = "";
  let details: { field?: unknown; fix?: unknown } = {};
  try {
    const body = (await response.json()) as { error?: unknown; message?: unknown; details?: typeof details | null };
    details = body.details ?? {};
    if (typeof body.error === "string") code = body.error;
    if (typeof body.message === "string") message = body.message;
  } catch {
    message = "";
  }
  const text = (value: unknown) => (typeof value === "string" ? value : null);
  return new ApiError(
    response.status,
    code,
    message || `The collector answered ${response.status}.`,
    text(details.field),
    text(details.fix),
  );
}

function noteClock(response: Response, sentAt: number): void {
  const stamp = Date.parse(response.headers.get("Date") ?? "");
  if (Number.isNaN(stamp)) return;
  // The header is cut to seconds: half a second of it is the best guess.
  const skew = stamp + 500 - (sentAt + Date.now()) / 2;
  clockSkewMs.value = Math.abs(skew) < 2000 ? 0 : skew;
}

interface Options {
  query?: Query;
  body?: unknown;
  /** The version that is to be replaced, and no other. */
  ifMatch?: string;
  abort?: AbortSignal | undefined;
}

async function ask(method: string, path: string, { query = {}, body, ifMatch, abort }: Options): Promise<Response> {
  const headers: Record<string, string> = {};
  if (ifMatch !== undefined) headers["If-Match"] = `"${ifMatch}"`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRF-Token"] = csrf.value ?? "";
  try {
    return await fetch(endpoint(path, query), {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: abort ?? null,
      cache: "no-store",
    });
  } catch (error) {
    if (abort?.aborted) throw error;
    throw new ApiError(0, "unreachable", "The collector cannot be reached. Is “hiveboard serve” still running?");
  }
}

/** Ask for a JSON answer. Throws {@link ApiError}; an aborted request rejects with the signal's reason. */
export async function request<T>(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, options: Options = {}): Promise<T> {
  const sentAt = Date.now();
  const response = await ask(method, path, options);
  noteClock(response, sentAt);
  if (response.status === 401) refuse();
  if (!response.ok) throw await failure(response);
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(response.status, "not_json", "The answer was not JSON. Does a proxy stand before the collector?");
  }
}

/** GET a JSON answer; fails as {@link request} does. */
export function get<T>(path: string, query: Query = {}, abort?: AbortSignal): Promise<T> {
  return request<T>("GET", path, { query, abort });
}

/** Now, by the collector's clock, in milliseconds since the epoch. */
export function serverNow(): number {
  return Date.now() + clockSkewMs.value;
}
