/** The task list: pages read on demand, the pages already read kept fresh. */

import { signal } from "@preact/signals";
import { ApiError, get } from "../api/client";
import type { Page, TaskRow } from "../api/types";
import { rowKey, type TaskSort } from "../model/task";
import { Refresher } from "./resource";
import { useEffect, useMemo } from "preact/hooks";

export interface TaskScope {
  project: string;
  environment: string;
  agent: string;
  type: string;
  status: string;
  q: string;
  sort: TaskSort;
}

const PAGE = 100;
const MOST_PER_REQUEST = 200;

function once(rows: readonly TaskRow[]): TaskRow[] {
  return [...new Map(rows.map((row) => [rowKey(row), row])).values()];
}

export class TaskList {
  readonly rows = signal<TaskRow[] | null>(null);
  readonly error = signal<ApiError | null>(null);
  readonly more = signal(false);
  readonly reload: () => void;
  private readonly head: Refresher<Page<TaskRow>>;
  private cursor: string | null = null;
  private readonly abort = new AbortController();
  private reading = false;
  private stops: (() => void)[] = [];

  constructor(private readonly scope: TaskScope) {
    this.head = new Refresher<Page<TaskRow>>(
      (abort) => this.read(null, Math.min(MOST_PER_REQUEST, Math.max(PAGE, this.rows.peek()?.length ?? 0)), abort),
      (pulse) => pulse.kind !== "event" || (pulse.event.task_id !== null && pulse.event.task_id !== undefined),
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

  private takeHead(page: Page<TaskRow>): void {
    const before = this.rows.peek() ?? [];
    if (before.length <= page.data.length || !page.pagination.has_more) {
      this.rows.value = once(page.data);
      this.cursor = page.pagination.cursor;
      this.more.value = page.pagination.has_more;
      return;
    }
    const fresh = new Set(page.data.map(rowKey));
    this.rows.value = [...once(page.data), ...before.slice(page.data.length).filter((row) => !fresh.has(rowKey(row)))];
  }

  readonly older = async (): Promise<void> => {
    if (!this.more.peek() || this.reading) return;
    this.reading = true;
    try {
      const page = await this.read(this.cursor, PAGE, this.abort.signal);
      this.cursor = page.pagination.cursor;
      this.more.value = page.pagination.has_more;
      this.rows.value = once([...(this.rows.peek() ?? []), ...page.data]);
    } catch (error) {
      if (error instanceof ApiError) this.error.value = error;
    }
    this.reading = false;
  };

  private read(cursor: string | null, limit: number, abort: AbortSignal): Promise<Page<TaskRow>> {
    const { project, environment, agent, type, status, q, sort } = this.scope;
    const query = { project_id: project, environment, agent_id: agent, task_type: type, status, q, sort, limit, cursor };
    return get<Page<TaskRow>>("tasks", query, abort);
  }
}

/** The list for a scope, for as long as the component lives. */
export function useTasks(scope: TaskScope): TaskList {
  const list = useMemo(() => new TaskList(scope), [JSON.stringify(scope)]);
  useEffect(() => {
    list.start();
    return () => list.stop();
  }, [list]);
  return list;
}
