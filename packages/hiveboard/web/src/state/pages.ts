/** A list read page by page on demand, the part already read kept fresh. */

import { batch, signal } from "@preact/signals";
import { ApiError } from "../api/client";
import type { Page } from "../api/types";
import { Refresher, type Touches } from "./resource";

const PAGE = 100;
const MOST_PER_REQUEST = 200;
/** Rows before the end at which a reader who goes on scrolling wants the next page. */
export const READ_AHEAD = 60;
/** Pages in a row with nothing on them after which the search goes on in no hurry. */
const IN_A_HURRY = 25;
const PAUSE_MS = 300;

export interface Source<T> {
  read: (cursor: string | null, limit: number, abort: AbortSignal) => Promise<Page<T>>;
  keyOf: (row: T) => string;
  touches: Touches;
}

/**
 * The first rows of a list, at most as many as wanted. The collector looks through so many rows for one answer: where
 * little fits, an answer may be short or empty and still have a next page.
 */
export async function firstRows<T>(read: (cursor: string | null) => Promise<Page<T>>, wanted: number): Promise<T[]> {
  const rows: T[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < IN_A_HURRY; pages += 1) {
    const page: Page<T> = await read(cursor);
    rows.push(...page.data);
    cursor = page.pagination.cursor;
    if (rows.length >= wanted || !page.pagination.has_more) break;
  }
  return rows.slice(0, wanted);
}

/**
 * The rows known so far with the first of them read anew: what comes behind the last of these stays. Null when they do
 * not meet, because more is new than one answer holds.
 */
export function joined<T>(fresh: readonly T[], before: readonly T[], keyOf: (row: T) => string): T[] | null {
  const last = fresh.at(-1);
  if (last === undefined) return [...before];
  const at = before.findIndex((row) => keyOf(row) === keyOf(last));
  if (at < 0) return null;
  const known = new Set(fresh.map(keyOf));
  return [...fresh, ...before.slice(at + 1).filter((row) => !known.has(keyOf(row)))];
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
  /** Pages behind the first have been read. */
  private further = false;
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
    const fresh = this.once(page.data);
    const whole = this.further && page.pagination.has_more ? joined(fresh, this.rows.peek() ?? [], this.source.keyOf) : null;
    batch(() => {
      this.rows.value = whole ?? fresh;
      if (whole === null) {
        this.further = false;
        this.cursor = page.pagination.cursor;
        this.more.value = page.pagination.has_more;
      }
    });
    if (this.rows.peek()?.length === 0) void this.older();
  }

  /** The next page; where nothing fits on it, the one after it, until something does or the end is reached. */
  readonly older = async (): Promise<void> => {
    if (this.reading) return;
    this.reading = true;
    try {
      for (let pages = 0; this.more.peek(); pages += 1) {
        const { cursor } = this;
        const page = await this.source.read(cursor, MOST_PER_REQUEST, this.abort.signal);
        // Meanwhile the list began anew: this page is not what comes next.
        if (cursor !== this.cursor) continue;
        this.further = true;
        batch(() => {
          this.cursor = page.pagination.cursor;
          this.more.value = page.pagination.has_more;
          if (page.data.length > 0) this.rows.value = this.once([...(this.rows.peek() ?? []), ...page.data]);
        });
        if (page.data.length > 0) break;
        if (pages >= IN_A_HURRY) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    } catch (error) {
      if (error instanceof ApiError) this.error.value = error;
    }
    this.reading = false;
  };
}
