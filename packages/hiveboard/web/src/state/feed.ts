/** The events behind the activity feed: pages read on demand, live events as they come, nothing lost across a gap. */

import { batch, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { ApiError, get, signInNeeded } from "../api/client";
import type { HiveEvent, Page } from "../api/types";
import { feedQuery, inScope, mergeEvents, type FeedScope } from "../model/feed";
import { listen, type Pulse } from "./live";

const PAGE = 100;
/** Beyond this the oldest are let go; they can be loaded again. */
const MOST = 5000;

export class Feed {
  readonly events = signal<HiveEvent[]>([]);
  /** Arrived while paused or while the reader was further down. */
  readonly held = signal<HiveEvent[]>([]);
  readonly holding = signal(false);
  readonly loaded = signal(false);
  readonly more = signal(false);
  readonly error = signal<ApiError | null>(null);
  private cursor: string | null = null;
  private abort = new AbortController();
  private inbox: HiveEvent[] = [];
  private flushTimer: ReturnType<typeof setTimeout> | null = null;
  private reading = false;
  private stops: (() => void)[] = [];

  constructor(readonly scope: FeedScope) {}

  start(): void {
    this.abort = new AbortController();
    this.stops.push(listen((pulse) => this.hear(pulse)));
    this.stops.push(signInNeeded.subscribe((needed) => !needed && this.error.peek()?.status === 401 && void this.refresh()));
    void this.refresh();
  }

  stop(): void {
    for (const stop of this.stops.splice(0)) stop();
    if (this.flushTimer) clearTimeout(this.flushTimer);
    this.abort.abort();
  }

  private hear(pulse: Pulse): void {
    if (pulse.kind === "resync") void this.refresh();
    if (pulse.kind !== "event" || !inScope(this.scope, pulse.event)) return;
    this.inbox.push(pulse.event);
    // A burst is drawn four times a second, not once per event.
    this.flushTimer ??= setTimeout(() => this.flush(), 250);
  }

  private flush(): void {
    this.flushTimer = null;
    this.take(this.inbox.splice(0));
  }

  private take(fresh: HiveEvent[]): void {
    const known = new Set(this.events.peek().map((event) => event.event_id));
    const unseen = fresh.filter((event) => !known.has(event.event_id));
    if (unseen.length === 0) return;
    if (this.holding.peek()) this.held.value = mergeEvents(this.held.peek(), unseen).slice(0, MOST);
    else this.events.value = mergeEvents(this.events.peek(), unseen).slice(0, MOST);
  }

  /** Show what was held back. */
  readonly release = (): void => {
    batch(() => {
      this.holding.value = false;
      this.events.value = mergeEvents(this.events.peek(), this.held.peek()).slice(0, MOST);
      this.held.value = [];
    });
  };

  /** The newest page; read again after every gap of the live connection. */
  readonly refresh = async (): Promise<void> => {
    const page = await this.read(null);
    if (!page) return;
    const first = !this.loaded.peek();
    batch(() => {
      if (first) {
        this.cursor = page.pagination.cursor;
        this.more.value = page.pagination.has_more;
      }
      this.loaded.value = true;
      if (first)
        this.events.value = mergeEvents(
          this.events.peek(),
          page.data.filter((event) => inScope(this.scope, event)),
        );
      else this.take(page.data.filter((event) => inScope(this.scope, event)));
    });
  };

  /** One more page at the old end. */
  readonly older = async (): Promise<void> => {
    if (!this.more.peek() || this.reading) return;
    this.reading = true;
    const page = await this.read(this.cursor);
    this.reading = false;
    if (!page) return;
    this.cursor = page.pagination.cursor;
    batch(() => {
      this.more.value = page.pagination.has_more && this.events.peek().length < MOST;
      this.events.value = mergeEvents(
        this.events.peek(),
        page.data.filter((event) => inScope(this.scope, event)),
      );
    });
  };

  private async read(cursor: string | null): Promise<Page<HiveEvent> | null> {
    const { project, environment, agent, task, filter } = this.scope;
    const query = {
      project_id: project,
      environment,
      agent_id: agent,
      task_id: task,
      limit: PAGE,
      cursor,
      exclude_heartbeats: true,
      ...feedQuery(filter),
    };
    try {
      const page = await get<Page<HiveEvent>>("events", query, this.abort.signal);
      this.error.value = null;
      return page;
    } catch (error) {
      if (!this.abort.signal.aborted)
        this.error.value = error instanceof ApiError ? error : new ApiError(0, "page_error", String(error));
      return null;
    }
  }
}

/** A feed for as long as the component lives and its scope stays the same. */
export function useFeed(scope: FeedScope): Feed {
  const feed = useMemo(() => new Feed(scope), [JSON.stringify(scope)]);
  useEffect(() => {
    feed.start();
    return () => feed.stop();
  }, [feed]);
  return feed;
}
