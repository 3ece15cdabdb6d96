/** A list read page by page on demand, the part already read kept fresh. */

import { signal } from "@preact/signals";
import { ApiError } from "../api/client";
import type { Page } from "../api/types";
import { Refresher, type Touches } from "./resource";

const PAGE = 100;
const MOST_PER_REQUEST = 200;

export interface Source<T> {
  read: (cursor: string | null, limit: number, abort: AbortSignal) => Promise<Page<T>>;
  keyOf: (row: T) => string;
  touches: Touches;
}

export class PagedList<T> {
  readonly rows = signal<T[] | null>(null);
  readonly error = signal<ApiError | null>(null);
  readonly more = signal(false);
  readonly reload: () => void;
  private readonly head: Refresher<Page<T>>;
  private cursor: string | null = null;
  private readonly abort = new AbortController();
  private reading = false;
  private stops: (() => void)[] = [];

  constructor(private readonly source: Source<T>) {
    this.head = new Refresher<Page<T>>(
      (abort) => source.read(null, Math.min(MOST_PER_REQUEST, Math.max(PAGE, this.rows.peek()?.length ?? 0)), abort),
      source.touches,
    );
    this.reload = this.head.reload;
  }

  start(): void {
    this.head.start();
    this.stops.push(
      this.head.data.subscribe((page) => page && this.takeHead(page)),
      this.head.error.subscribe((error) => {
        this.error.value = error;
      }),
      () => this.head.stop(),
    );
  }

  stop(): void {
    for (const stop of this.stops.splice(0)) stop();
    this.abort.abort();
  }

  private once(rows: readonly T[]): T[] {
    return [...new Map(rows.map((row) => [this.source.keyOf(row), row])).values()];
  }

  private takeHead(page: Page<T>): void {
    const before = this.rows.peek() ?? [];
    if (before.length <= page.data.length || !page.pagination.has_more) {
      this.rows.value = this.once(page.data);
      this.cursor = page.pagination.cursor;
      this.more.value = page.pagination.has_more;
      return;
    }
    const fresh = new Set(page.data.map(this.source.keyOf));
    const kept = before.slice(page.data.length).filter((row) => !fresh.has(this.source.keyOf(row)));
    this.rows.value = [...this.once(page.data), ...kept];
  }

  readonly older = async (): Promise<void> => {
    if (!this.more.peek() || this.reading) return;
    this.reading = true;
    try {
      const page = await this.source.read(this.cursor, PAGE, this.abort.signal);
      this.cursor = page.pagination.cursor;
      this.more.value = page.pagination.has_more;
      this.rows.value = this.once([...(this.rows.peek() ?? []), ...page.data]);
    } catch (error) {
      if (error instanceof ApiError) this.error.value = error;
    }
    this.reading = false;
  };
}
