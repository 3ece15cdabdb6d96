/** Runs as a table: sortable by its heads, a row opens the run, thousands of rows stay light. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { TaskRow } from "../api/types";
import { count, duration, instant, money, oneLine, tokenPair } from "../format";
import { isOpen } from "../model/status";
import { rowKey, type TaskSort } from "../model/task";
import { go, runHref } from "../router";
import { now } from "../state/clock";
import { useKeys } from "../state/keys";
import { READ_AHEAD } from "../state/pages";
import { AgentLink } from "./Listing";
import { StatusMark } from "./Marks";
import { Age, Id, Money } from "./Text";
import { useVirtual, useWidth } from "./virtual";

/** Pixels; the same number stands in the stylesheet. */
const STACK_BELOW = 700;

interface Column {
  id: string;
  label: string;
  sort?: TaskSort;
  numeric?: boolean;
}

const COLUMNS: readonly Column[] = [
  { id: "status", label: "Status" },
  { id: "task", label: "Task" },
  { id: "agent", label: "Agent" },
  { id: "type", label: "Type" },
  { id: "duration", label: "Duration", sort: "duration", numeric: true },
  { id: "llm", label: "LLM", numeric: true },
  { id: "tokens", label: "Tokens", numeric: true },
  { id: "cost", label: "Cost", sort: "cost", numeric: true },
  { id: "retries", label: "Retries", numeric: true },
  { id: "started", label: "Started", sort: "newest", numeric: true },
];

export interface TaskTableProps {
  rows: readonly TaskRow[];
  sort: TaskSort;
  onSort: (sort: TaskSort) => void;
  /** Where a row leads; the page of the run unless told otherwise. */
  hrefOf?: (row: TaskRow) => string;
  /** The run shown elsewhere on the page; where its row is out of view it stands at the edge of the table. */
  chosen?: TaskRow | null;
  /** Called when the end comes into view. */
  onEnd?: () => void;
  /** Told whether the list is at its top. */
  onTop?: (atTop: boolean) => void;
  /** j, k and Enter move in this table. */
  keys?: boolean;
  footer?: string;
  /** Rows can be marked, with a box each and with x. */
  marks?: Marks;
}

export interface Marks {
  has: (row: TaskRow) => boolean;
  toggle: (row: TaskRow) => void;
}

function Head({ sort, onSort, marks }: Pick<TaskTableProps, "sort" | "onSort" | "marks">) {
  const next = (column: Column): TaskSort =>
    column.sort === "newest" && sort === "newest" ? "oldest" : (column.sort ?? "newest");
  const direction = (column: Column) => {
    if (column.sort === "newest" && sort === "oldest") return "ascending" as const;
    return column.sort === sort ? ("descending" as const) : undefined;
  };
  return (
    <div class="tt-row tt-head" role="row">
      {marks ? (
        <div role="columnheader" class="tt-cell tt-mark">
          <span class="sr-only">Compare</span>
        </div>
      ) : null}
      {COLUMNS.map((column) => (
        <div
          key={column.id}
          role="columnheader"
          class={`tt-cell tt-${column.id}${column.numeric ? " tt-num" : ""}`}
          aria-sort={direction(column)}
        >
          {column.sort ? (
            <button type="button" class="sort" onClick={() => onSort(next(column))}>
              {column.label}
              <span class="sort-mark" aria-hidden="true">
                {direction(column) === "ascending" ? "▲" : direction(column) ? "▼" : ""}
              </span>
            </button>
          ) : (
            column.label
          )}
        </div>
      ))}
    </div>
  );
}

/** Characters of the longest cost, so that no sum of money is ever cut. */
function costWidth(rows: readonly TaskRow[]): number {
  return rows.reduce((most, row) => Math.max(most, money(row.total_cost).length + 1), 8);
}

function Took({ row }: { row: TaskRow }) {
  const started = instant(row.started_at);
  if (isOpen(row.derived_status) && started !== null) return <span class="tone-busy">{duration(now.value - started)}</span>;
  return <>{duration(row.duration_ms)}</>;
}

interface RowProps {
  row: TaskRow;
  href: string;
  /** Pixels from the top of the list, or the edge at which the row stays. */
  top: number | "before" | "behind";
  height: number;
  marked: boolean;
  chosen: boolean;
  marks?: Marks | undefined;
}

function MarkBox({ row, marks }: { row: TaskRow; marks: Marks }) {
  return (
    <div role="cell" class="tt-cell tt-mark">
      <label title="Mark for a comparison">
        <input
          type="checkbox"
          aria-label={`Compare ${oneLine(row.task_id, 80)}`}
          checked={marks.has(row)}
          onChange={() => marks.toggle(row)}
        />
      </label>
    </div>
  );
}

function Row({ row, href, top, height, marked, chosen, marks }: RowProps) {
  const place = typeof top === "number" ? "" : ` held held-${top}`;
  return (
    <div
      class={`tt-row${marked ? " marked" : ""}${chosen ? " chosen" : ""}${place}`}
      role="row"
      style={{ transform: typeof top === "number" ? `translateY(${top}px)` : undefined, height: `${height}px` }}
    >
      {marks ? <MarkBox row={row} marks={marks} /> : null}
      <div role="cell" class="tt-cell tt-status">
        <StatusMark status={row.derived_status} />
      </div>
      <div role="cell" class="tt-cell tt-task">
        <a class="row-link" href={href} aria-current={chosen ? "true" : undefined}>
          <Id value={row.task_id} />
        </a>
        {row.error ? (
          <bdi class="tt-error" title={oneLine(row.error, 1000)}>
            {oneLine(row.error, 200)}
          </bdi>
        ) : null}
      </div>
      <div role="cell" class="tt-cell tt-agent">
        <AgentLink id={row.agent_id} />
      </div>
      <div role="cell" class="tt-cell tt-type">
        <bdi>{row.task_type ? oneLine(row.task_type, 60) : "–"}</bdi>
      </div>
      <div role="cell" class="tt-cell tt-num num tt-duration">
        <Took row={row} />
      </div>
      <div role="cell" class={`tt-cell tt-num num tt-llm${row.llm_call_count ? "" : " dim"}`}>
        {count(row.llm_call_count)}
      </div>
      <div role="cell" class="tt-cell tt-num num tt-tokens" title="In → out">
        {tokenPair(row.total_tokens_in, row.total_tokens_out)}
      </div>
      <div role="cell" class="tt-cell tt-num num tt-cost">
        <Money
          usd={row.total_cost}
          estimated={row.estimated_cost}
          why={row.llm_call_count === 0 ? "No LLM calls" : undefined}
        />
      </div>
      <div role="cell" class={`tt-cell tt-num num tt-retries${row.retry_count ? " tone-retry" : " dim"}`}>
        {count(row.retry_count)}
      </div>
      <div role="cell" class="tt-cell tt-num tt-started">
        <Age at={row.started_at} />
      </div>
    </div>
  );
}

export function TaskTable(props: TaskTableProps) {
  const { rows } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [marked, setMarked] = useState(-1);
  // Below this width the stylesheet stacks a row into two lines.
  const width = useWidth(scroller);
  const height = width > 0 && width < STACK_BELOW ? 56 : 32;
  const virtual = useVirtual({
    rows,
    scroller,
    height: () => height,
    measureKey: String(height),
    keyOf: (index) => {
      const row = rows[index];
      return row ? rowKey(row) : String(index);
    },
  });
  const chosenKey = props.chosen ? rowKey(props.chosen) : null;
  const chosenAt = useMemo(() => (chosenKey === null ? -1 : rows.findIndex((row) => rowKey(row) === chosenKey)), [rows, chosenKey]);
  const side = chosenAt < 0 ? 1 : virtual.side(chosenAt);
  const costCharacters = useMemo(() => costWidth(rows), [rows]);
  const hrefOf = props.hrefOf ?? ((row: TaskRow) => runHref(row.task_id, row.task_run_id));
  const move = (by: number) => {
    const next = Math.min(rows.length - 1, Math.max(0, marked + by));
    setMarked(next);
    virtual.show(next);
  };
  const toggleMarked = () => {
    const row = rows[marked];
    if (row) props.marks?.toggle(row);
  };
  useKeys(
    props.keys
      ? {
          j: () => move(1),
          k: () => move(-1),
          Enter: () => {
            const row = rows[marked];
            if (row) go(hrefOf(row));
          },
          ...(props.marks ? { x: () => toggleMarked() } : {}),
        }
      : {},
  );
  const lastShown = virtual.items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (rows.length > 0 && lastShown >= rows.length - READ_AHEAD) props.onEnd?.();
  }, [lastShown, rows.length]);
  return (
    <div
      class={props.marks ? "task-table with-marks" : "task-table"}
      role="table"
      aria-label="Tasks"
      aria-rowcount={rows.length + 1}
      style={{ "--cost-characters": String(costCharacters) }}
    >
      <div role="rowgroup" class="tt-heads">
        <Head sort={props.sort} onSort={props.onSort} marks={props.marks} />
      </div>
      <div
        class="tt-body"
        role="rowgroup"
        ref={scroller}
        tabIndex={0}
        aria-label="Tasks"
        onScroll={(event) => props.onTop?.(event.currentTarget.scrollTop < 4)}
      >
        <div class="tt-rows" role="presentation" style={{ height: `${virtual.total}px` }}>
          {virtual.items.map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            const key = rowKey(row);
            return (
              <Row
                key={key}
                row={row}
                href={hrefOf(row)}
                top={item.start}
                height={height}
                marked={item.index === marked}
                chosen={key === chosenKey}
                marks={props.marks}
              />
            );
          })}
        </div>
      </div>
      {props.footer && lastShown >= rows.length - 1 ? (
        <p class="tt-footer dim" role="status">
          {props.footer}
        </p>
      ) : null}
      {props.chosen && side !== 0 && rows.length > 0 ? (
        <div role="rowgroup" class="tt-held">
          <Row
            row={props.chosen}
            href={hrefOf(props.chosen)}
            top={side < 0 ? "before" : "behind"}
            height={height}
            marked={false}
            chosen
            marks={props.marks}
          />
        </div>
      ) : null}
    </div>
  );
}
