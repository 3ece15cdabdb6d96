/** The live connection: it keeps itself up, resumes where it stopped, and tells listeners what changed. */

import { signal } from "@preact/signals";
import { endpoint, refuse, signInNeeded } from "../api/client";
import { readStream, StreamRefused, type StreamMessage } from "../api/stream";
import type { HiveEvent } from "../api/types";

export type LiveState = "connecting" | "live" | "reconnecting" | "lost";

export const liveState = signal<LiveState>("connecting");

/**
 * What a listener hears: an event, a change of an agent's status, or that something may have been missed; `skipped` when
 * the collector says that events were left out.
 */
export type Pulse =
  | { kind: "event"; event: HiveEvent }
  | { kind: "agent"; agentId: string | null }
  | { kind: "resync"; skipped?: boolean };

type Listener = (pulse: Pulse) => void;
const listeners = new Set<Listener>();

/** Hear every pulse until the returned function is called. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function publish(pulse: Pulse): void {
  for (const listener of [...listeners]) listener(pulse);
}

const RETRY_MS = [500, 1000, 2000, 4000, 8000];
const LOST_AFTER_ATTEMPTS = 4;

let lastId: string | null = null;
let current: AbortController | null = null;

/** What a message of the stream means to the page; null for what it does not need. */
export function pulseOf(message: StreamMessage): Pulse | null {
  let body: unknown;
  try {
    body = JSON.parse(message.data);
  } catch {
    return null;
  }
  if (body === null || typeof body !== "object") return null;
  const outer = body as { type?: unknown; data?: unknown };
  const wrapped = typeof outer.type === "string" && outer.data !== null && typeof outer.data === "object";
  const name = wrapped ? (outer.type as string) : message.event;
  const inner = (wrapped ? outer.data : body) as { event_id?: unknown; event_type?: unknown; agent_id?: unknown };
  if (typeof inner.event_id === "string" && typeof inner.event_type === "string") {
    return { kind: "event", event: inner as HiveEvent };
  }
  if (name.startsWith("agent.")) {
    return { kind: "agent", agentId: typeof inner.agent_id === "string" ? inner.agent_id : null };
  }
  // More happened than is sent one by one: what was left out is read from the lists.
  return name === "events.skipped" ? { kind: "resync", skipped: true } : null;
}

function hear(message: StreamMessage): void {
  if (message.id !== null) lastId = message.id;
  const pulse = pulseOf(message);
  if (pulse) publish(pulse);
}

async function connectOnce(onOpen: () => void): Promise<void> {
  current = new AbortController();
  const headers: Record<string, string> = lastId === null ? {} : { "Last-Event-ID": lastId };
  await readStream(endpoint("stream"), headers, current, onOpen, hear);
}

/** Stay connected until the page goes away. */
export async function runLive(): Promise<void> {
  let attempt = 0;
  let everOpen = false;
  for (;;) {
    if (signInNeeded.value) {
      await signedIn();
      attempt = 0;
    }
    try {
      await connectOnce(() => {
        attempt = 0;
        liveState.value = "live";
        // What changed between the first answers and this moment, or while the ring to resume from overflowed, is
        // only in the lists.
        publish({ kind: "resync" });
        everOpen = true;
      });
    } catch (error) {
      if (error instanceof StreamRefused && error.status === 401) refuse();
    }
    liveState.value = attempt >= LOST_AFTER_ATTEMPTS ? "lost" : everOpen || attempt > 0 ? "reconnecting" : "connecting";
    const wait = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 8000;
    attempt += 1;
    await pause(wait);
  }
}

function signedIn(): Promise<void> {
  return new Promise((resolve) => {
    const stop = signInNeeded.subscribe((needed) => {
      if (needed) return;
      resolve();
      queueMicrotask(() => stop());
    });
  });
}

let wake: (() => void) | null = null;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

/** Try again at once, without waiting for the next attempt. */
export function reconnectNow(): void {
  wake?.();
}

export function watchNetwork(): void {
  addEventListener("online", reconnectNow);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && liveState.value !== "live") reconnectNow();
  });
}
