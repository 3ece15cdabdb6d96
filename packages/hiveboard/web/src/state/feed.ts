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
/** Pages in a row that may hold nothing for this feed before it stops looking. */
const MOST_PAGES = 20;
/** Milliseconds between two readings of the newest page, however often something was missed. */
const REFRESH_MS = 1000;

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
  /** How often events were left out, and how many of these gaps the newest page has been read after. */
  private gaps = 0;
  private gapsRead = 0;
  private refreshTimer: ReturnType<typeof setTimeout> | null = null;
  private refreshedAt = -Infinity;
  /** Where the list goes on once what is held is shown: between the two, events are missing. */
  private restart: { cursor: string | null; more: boolean } | null = null;
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
    for (const timer of [this.flushTimer, this.refreshTimer]) if (timer) clearTimeout(timer);
    this.flushTimer = this.refreshTimer = null;
    this.abort.abort();
  }

  private hear(pulse: Pulse): void {
    if (pulse.kind === "resync") {
      if (pulse.skipped) this.gaps += 1;
      this.refreshSoon();
    }
    if (pulse.kind !== "event" || !inScope(this.scope, pulse.event)) return;
    this.inbox.push(pulse.event);
    // A burst is drawn four times a second, not once per event.
    this.flushTimer ??= setTimeout(() => this.flush(), 250);
  }

  private refreshSoon(): void {
    this.refreshTimer ??= setTimeout(
      () => {
        this.refreshTimer = null;
        void this.refresh();
      },
      Math.max(0, this.refreshedAt + REFRESH_MS - performance.now()),
    );
  }

  private flush(): void {
    this.flushTimer = null;
    // Beyond a gap nothing is shown before the gap is closed: whoever reads down the list would not see it.
    if (this.gaps === this.gapsRead) this.take(this.inbox.splice(0));
    else this.inbox = this.inbox.slice(-MOST);
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
      this.events.value = mergeEvents(this.restart ? [] : this.events.peek(), this.held.peek()).slice(0, MOST);
      this.held.value = [];
      if (this.restart) this.goOnFrom(this.restart);
      this.restart = null;
    });
  };

  /** The newest page; read again after every gap of the live connection. */
  readonly refresh = async (): Promise<void> => {
    this.refreshedAt = performance.now();
    const gaps = this.gaps;
    const page = await this.read(null);
    if (!page) return;
    const skipped = gaps > this.gapsRead;
    this.gapsRead = gaps;
    const told = page.data.filter((event) => inScope(this.scope, event));
    const { cursor, has_more: more } = page.pagination;
    batch(() => {
      if (!this.loaded.peek()) {
        this.goOnFrom({ cursor, more });
        this.events.value = mergeEvents(this.events.peek(), told);
      } else if (more && (skipped || !joins(this.events.peek(), this.held.peek(), page.data))) {
        this.startOver(told, page.data.at(-1)?.timestamp ?? "", { cursor, more });
      } else this.take(told);
      this.loaded.value = true;
      if (this.gaps === this.gapsRead) this.take(this.inbox.splice(0));
    });
    if (this.events.peek().length === 0) void this.older();
  };

  /** The page and what is newer than it; what came before is missing events, and is read again page by page. */
  private startOver(told: HiveEvent[], oldest: string, next: { cursor: string | null; more: boolean }): void {
    const newer = (list: HiveEvent[]) => list.filter((event) => event.timestamp >= oldest);
    const list = mergeEvents(newer(this.events.peek()), newer(this.held.peek()), newer(this.inbox.splice(0)), told);
    if (this.holding.peek()) {
      this.held.value = list;
      this.restart = next;
    } else {
      this.events.value = list;
      this.goOnFrom(next);
    }
  }

  private goOnFrom({ cursor, more }: { cursor: string | null; more: boolean }): void {
    this.cursor = cursor;
    this.more.value = more;
  }

  /** More at the old end; a page that holds nothing for this feed is followed by the next. */
  readonly older = async (): Promise<void> => {
    if (this.reading) return;
    this.reading = true;
    let found = 0;
    for (let pages = 0; found === 0 && this.more.peek() && pages < MOST_PAGES; pages += 1) {
      const page = await this.read(this.cursor);
      if (!page) break;
      const told = page.data.filter((event) => inScope(this.scope, event));
      found = told.length;
      batch(() => {
        this.cursor = page.pagination.cursor;
        this.more.value = page.pagination.has_more && this.events.peek().length < MOST;
        this.events.value = mergeEvents(this.events.peek(), told);
      });
    }
    this.reading = false;
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

/** Whether a page reaches back to something that is known already. */
function joins(events: readonly HiveEvent[], held: readonly HiveEvent[], page: readonly HiveEvent[]): boolean {
  const known = new Set([...events, ...held].map((event) => event.event_id));
  return events.length === 0 || page.some((event) => known.has(event.event_id));
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
