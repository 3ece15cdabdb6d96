/** One row of the waterfall: its name, its bar, its numbers, its error. */

import { duration, money, tokenPair, UNKNOWN } from "../format";
import type { Longest, WaterfallColumns } from "../model/columns";
import { unknownCost } from "../model/cost";
import type { RunNode, RunRow } from "../model/tree";
import { Icon, NodeIcon } from "./Marks";
import { Money } from "./Text";

const LINE = 30;
const UNDER = 46;
const STACKED = 44;
const ERROR_LINE = 20;

/** A moment, not a stretch of time. */
function instantly(node: RunNode): boolean {
  return node.durationMs === null && node.kind !== "action" && node.kind !== "llm";
}

/** Height of a row in pixels. */
export function rowHeight(node: RunNode, mode: WaterfallColumns["mode"]): number {
  const lines = mode === "columns" || instantly(node) ? LINE : mode === "under" ? UNDER : STACKED;
  return lines + (node.error ? ERROR_LINE : 0);
}

function tokens(node: RunNode): string {
  return node.kind === "llm" ? tokenPair(node.tokensIn, node.tokensOut) : "";
}

/** What the numbers of these rows need; a column of unknowns alone is no column. */
export function longestOf(rows: readonly RunRow[]): Longest {
  const longest: Longest = { took: 0, tokens: 0, cost: 0 };
  for (const { node } of rows) {
    // What runs grows longer as it runs.
    longest.took = Math.max(longest.took, node.state === "running" ? 9 : duration(node.durationMs).length);
    if (node.kind !== "llm") continue;
    if (tokens(node) !== UNKNOWN) longest.tokens = Math.max(longest.tokens, tokens(node).length);
    if (node.cost !== null) longest.cost = Math.max(longest.cost, money(node.cost).length + 1);
  }
  return longest;
}

function Bar({ node, from, to, now }: { node: RunNode; from: number; to: number; now: number }) {
  if (node.start === null) return null;
  const total = to - from;
  const left = Math.min(99.7, Math.max(0, ((node.start - from) / total) * 100));
  const length = node.state === "running" ? now - node.start : node.durationMs;
  if (length === null) return <span class={`point fill-${node.tone}`} style={{ left: `${left}%` }} />;
  const width = Math.min(100 - left, Math.max(0, (length / total) * 100));
  const state = node.state === "running" ? " running" : node.state === "ended" ? " open-ended" : "";
  return <span class={`span fill-${node.tone}${state}`} style={{ left: `${left}%`, width: `${width}%` }} />;
}

function Took({ node, now }: { node: RunNode; now: number }) {
  if (node.state === "running" && node.start !== null) return <span class="tone-busy">{duration(now - node.start)}</span>;
  return instantly(node) ? null : <>{duration(node.durationMs)}</>;
}

function Numbers({ node, now, columns }: { node: RunNode; now: number; columns: WaterfallColumns }) {
  const call = node.kind === "llm";
  // Beside the bars every column needs its cell; elsewhere only what says something is written.
  const cell = columns.mode === "columns";
  return (
    <div class="wf-nums">
      <div class="wf-num wf-took">
        <Took node={node} now={now} />
      </div>
      {columns.tokens && (cell || call) ? (
        <div class="wf-num wf-tokens" title="Tokens, in → out">
          {tokens(node)}
        </div>
      ) : null}
      {columns.cost && (cell || (call && node.cost !== null)) ? (
        <div class="wf-num wf-cost">{call ? <Money usd={node.cost} source={node.costSource} why={node.llm ? unknownCost(node.llm) : undefined} /> : null}</div>
      ) : null}
    </div>
  );
}

export interface RowProps {
  row: RunRow;
  columns: WaterfallColumns;
  top: number;
  height: number;
  id: string;
  from: number;
  to: number;
  now: number;
  selected: boolean;
  onSelect: (key: string | null) => void;
  onFold: (key: string) => void;
}

/** Pixels by which the text of a moment may run over the empty part of its track, up to its mark. */
function reach({ row: { node }, columns, from, to }: RowProps): number {
  if (columns.mode === "stack" || !instantly(node) || node.start === null) return 0;
  return Math.max(0, Math.floor((columns.track * (node.start - from)) / (to - from)) - 2);
}

function Name({ row, onFold, over }: { row: RunRow; onFold: (key: string) => void; over: number }) {
  const { node, open } = row;
  const title = [node.label, node.detail, node.kind === "llm" ? `${tokens(node)} tokens` : null].filter(Boolean).join(" · ");
  return (
    <div class="wf-name" title={title.slice(0, 1000)} style={{ marginRight: `${-over}px` }}>
      {node.children.length > 0 ? (
        <button
          type="button"
          tabIndex={-1}
          class={open ? "fold open" : "fold"}
          aria-label={open ? "Fold" : "Unfold"}
          onClick={(event) => {
            event.stopPropagation();
            onFold(node.key);
          }}
        >
          <Icon name="chevron" />
        </button>
      ) : (
        <span class="fold" />
      )}
      <NodeIcon kind={node.kind} role={node.role} tone={node.tone} />
      <bdi class="wf-label">{node.label.slice(0, 300)}</bdi>
      {node.detail ? (
        <bdi class={node.detail.startsWith("×") ? "wf-times" : "wf-detail"}>{node.detail.slice(0, 80)}</bdi>
      ) : null}
    </div>
  );
}

export function Row(props: RowProps) {
  const { row, columns, top, height, id, selected, onSelect, onFold, from, to, now } = props;
  const { node, depth, open } = row;
  const classes = `wf-row kind-${node.kind}${node.role ? ` role-${node.role}` : ""} state-${node.state}${instantly(node) ? " instant" : ""}${selected ? " selected" : ""}`;
  return (
    <div
      id={id}
      class={classes}
      role="treeitem"
      aria-level={depth + 1}
      aria-expanded={node.children.length > 0 ? open : undefined}
      aria-selected={selected}
      style={{ transform: `translateY(${top}px)`, height: `${height}px`, "--depth": String(Math.min(depth, 12)) }}
      onClick={() => onSelect(node.key)}
    >
      <Name row={row} onFold={onFold} over={reach(props)} />
      <div class="wf-track">
        <Bar node={node} from={from} to={to} now={now} />
      </div>
      <Numbers node={node} now={now} columns={columns} />
      {node.error ? (
        <div class="wf-error" title={node.error.slice(0, 2000)}>
          <bdi>{node.error.slice(0, 400)}</bdi>
        </div>
      ) : null}
    </div>
  );
}
