/** An answer of the collector that stays fresh: read again when live events touch it, at most once a second. */

import { signal, type Signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { ApiError, signInNeeded } from "../api/client";
import { listen, type Pulse } from "./live";

export const MIN_INTERVAL_MS = 1000;
/** A hidden page still counts what needs attention in its title, but in no hurry. */
const HIDDEN_INTERVAL_MS = 10_000;
/** Statuses that depend on time alone (stuck, lost) change without any event. */
export const POLL_MS = 15_000;

export type Load<T> = (abort: AbortSignal) => Promise<T>;
export type Touches = (pulse: Pulse) => boolean;

export interface Resource<T> {
  data: Signal<T | null>;
  error: Signal<ApiError | null>;
  /** When `data` was received, in milliseconds of this machine's clock. */
  loadedAt: Signal<number>;
  reload: () => void;
}

/** Any event but a heartbeat, and anything that is not an event. */
export function anyWork(pulse: Pulse): boolean {
  return pulse.kind !== "event" || pulse.event.event_type !== "heartbeat";
}

export class Refresher<T> implements Resource<T> {
  readonly data = signal<T | null>(null);
  readonly error = signal<ApiError | null>(null);
  readonly loadedAt = signal(0);
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private startedAt = -Infinity;
  private again = false;
  private stops: (() => void)[] = [];

  constructor(
    private readonly load: Load<T>,
    private readonly touches: Touches,
    /** Go on while the page is hidden. */
    private readonly inBackground = false,
  ) {}

  start(): void {
    void this.run();
    this.stops.push(listen((pulse) => this.touches(pulse) && this.soon()));
    const poll = setInterval(() => this.soon(), POLL_MS);
    const shown = () => this.soon();
    document.addEventListener("visibilitychange", shown);
    const signIn = signInNeeded.subscribe((needed) => !needed && this.error.peek()?.status === 401 && this.soon());
    this.stops.push(
      () => clearInterval(poll),
      () => document.removeEventListener("visibilitychange", shown),
      signIn,
    );
  }

  stop(): void {
    for (const stop of this.stops.splice(0)) stop();
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.abort?.abort();
    this.abort = null;
  }

  readonly reload = (): void => {
    this.startedAt = -Infinity;
    this.soon();
  };

  private soon(): void {
    if ((document.hidden && !this.inBackground) || signInNeeded.peek()) return;
    if (this.abort) {
      this.again = true;
      return;
    }
    if (this.timer) return;
    const wait = Math.max(0, this.startedAt + (document.hidden ? HIDDEN_INTERVAL_MS : MIN_INTERVAL_MS) - performance.now());
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.run();
    }, wait);
  }

  private async run(): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    this.again = false;
    this.startedAt = performance.now();
    try {
      const value = await this.load(abort.signal);
      if (abort.signal.aborted) return;
      this.loadedAt.value = Date.now();
      this.data.value = value;
      this.error.value = null;
    } catch (error) {
      if (abort.signal.aborted) return;
      this.error.value = error instanceof ApiError ? error : new ApiError(0, "page_error", String(error));
    }
    this.abort = null;
    if (this.again) this.soon();
  }
}

/** A resource that lives as long as the component; a new `key` begins a new one, empty. */
export function useResource<T>(key: string, load: Load<T>, touches: Touches = anyWork): Resource<T> {
  const refresher = useMemo(() => new Refresher(load, touches), [key]);
  useEffect(() => {
    refresher.start();
    return () => refresher.stop();
  }, [refresher]);
  return refresher;
}

/**
 * The last value that was there, for views that change their filter without blinking. An answer that was refused ends
 * it: what belongs to another filter must not stand under this one.
 */
export function useKept<T>(value: T | null, error: ApiError | null): T | null {
  const box = useMemo(() => ({ value: null as T | null }), []);
  if (value !== null) box.value = value;
  else if (error !== null) box.value = null;
  return box.value;
}
