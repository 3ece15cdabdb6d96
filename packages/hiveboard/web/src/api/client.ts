/** Typed requests to the collector. Every failure becomes an {@link ApiError} that says what to do. */

import { signal } from "@preact/signals";

const STORE = "hiveboard.key";

function remembered(): string | null {
  try {
    return sessionStorage.getItem(STORE);
  } catch {
    return null;
  }
}

const key = signal<string | null>(remembered());
/** True once the collector has answered 401: the page asks for a key. */
export const signInNeeded = signal(false);
/** True after a key was given and refused. */
export const keyRefused = signal(false);
/** Collector's clock minus this machine's, in milliseconds. */
export const clockSkewMs = signal(0);

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export function setKey(value: string): void {
  key.value = value;
  try {
    sessionStorage.setItem(STORE, value);
  } catch {
    // Storage may be closed to us; the key then lives as long as this page.
  }
  signInNeeded.value = false;
}

export function authHeaders(): Record<string, string> {
  return key.value ? { Authorization: `Bearer ${key.value}` } : {};
}

export function refuse(): void {
  keyRefused.value = key.value !== null;
  signInNeeded.value = true;
}

/** The address of an endpoint, under whatever prefix the page itself is served. */
export function endpoint(path: string, query: Record<string, string | number | boolean | null | undefined> = {}): string {
  const url = new URL(`v1/${path}`, document.baseURI.split("#")[0]);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, String(value));
  }
  return url.toString();
}

async function failure(response: Response): Promise<ApiError> {
  let code = "http_error";
  let message = "";
  try {
    const body = (await response.json()) as { error?: unknown; message?: unknown };
    if (typeof body.error === "string") code = body.error;
    if (typeof body.message === "string") message = body.message;
  } catch {
    message = "";
  }
  return new ApiError(response.status, code, message || `The collector answered ${response.status}.`);
}

function noteClock(response: Response, sentAt: number): void {
  const stamp = Date.parse(response.headers.get("Date") ?? "");
  if (Number.isNaN(stamp)) return;
  // The header is cut to seconds: half a second of it is the best guess.
  const skew = stamp + 500 - (sentAt + Date.now()) / 2;
  clockSkewMs.value = Math.abs(skew) < 2000 ? 0 : skew;
}

/** GET a JSON answer. Throws {@link ApiError}; an aborted request rejects with the signal's reason. */
export async function get<T>(
  path: string,
  query: Record<string, string | number | boolean | null | undefined> = {},
  abort?: AbortSignal,
): Promise<T> {
  const sentAt = Date.now();
  let response: Response;
  try {
    response = await fetch(endpoint(path, query), { headers: authHeaders(), signal: abort ?? null, cache: "no-store" });
  } catch (error) {
    if (abort?.aborted) throw error;
    throw new ApiError(0, "unreachable", "The collector cannot be reached. Is “hiveboard serve” still running?");
  }
  noteClock(response, sentAt);
  if (response.status === 401) refuse();
  if (!response.ok) throw await failure(response);
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(response.status, "not_json", "The answer was not JSON. Does a proxy stand before the collector?");
  }
}

/** Now, by the collector's clock, in milliseconds since the epoch. */
export function serverNow(): number {
  return Date.now() + clockSkewMs.value;
}
