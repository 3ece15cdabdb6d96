/** The run as a tree with bars on a time axis; keyboard like a tree, thousands of rows like fifty. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { duration, tokenPair } from "../format";
import { flatten, type RunNode, type RunRow } from "../model/tree";
import { Icon, NodeIcon } from "./Marks";
import { Money } from "./Text";
import { useVirtual } from "./virtual";

export interface WaterfallProps {
  roots: readonly RunNode[];
  from: number;
  to: number;
  now: number;
  selected: string | null;
  onSelect: (key: string | null) => void;
}

const ROW = 30;
const ERROR_LINE = 20;

/** Round positions on the axis, at most six of them, as [fraction, milliseconds]. */
export function ticks(totalMs: number): [number, number][] {
  const rough = totalMs / 5;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * size).find((candidate) => candidate >= rough) ?? size * 10;
  const marks: [number, number][] = [];
  for (let at = 0; at <= totalMs * 0.97; at += step) marks.push([at / totalMs, at]);
  return marks;
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

function tokens(node: RunNode): string {
  if (node.kind !== "llm") return "";
  return tokenPair(node.tokensIn, node.tokensOut);
}

function Took({ node, now }: { node: RunNode; now: number }) {
  if (node.state === "running" && node.start !== null) return <span class="tone-busy">{duration(now - node.start)}</span>;
  if (node.durationMs === null && node.kind !== "action" && node.kind !== "llm") return null;
  return <>{duration(node.durationMs)}</>;
}

interface RowProps extends Omit<WaterfallProps, "roots"> {
  row: RunRow;
  top: number;
  height: number;
  id: string;
  onFold: (key: string) => void;
}

function Row({ row, top, height, id, selected, onSelect, onFold, from, to, now }: RowProps) {
  const { node, depth, open } = row;
  const parent = node.children.length > 0;
  const instantly = node.durationMs === null && node.kind !== "action" && node.kind !== "llm";
  const classes = `wf-row kind-${node.kind}${node.role ? ` role-${node.role}` : ""} state-${node.state}${instantly ? " instant" : ""}${selected === node.key ? " selected" : ""}`;
  return (
    <div
      id={id}
      class={classes}
      role="treeitem"
      aria-level={depth + 1}
      aria-expanded={parent ? open : undefined}
      aria-selected={selected === node.key}
      style={{ transform: `translateY(${top}px)`, height: `${height}px`, "--depth": String(Math.min(depth, 12)) }}
      onClick={() => onSelect(node.key)}
    >
      <div class="wf-name">
        {parent ? (
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
        <bdi class="wf-label" title={node.label}>
          {node.label.slice(0, 300)}
        </bdi>
        {node.detail ? (
          <bdi class={node.detail.startsWith("×") ? "wf-times" : "wf-detail"}>{node.detail.slice(0, 80)}</bdi>
        ) : null}
      </div>
      <div class="wf-track">
        <Bar node={node} from={from} to={to} now={now} />
      </div>
      <div class="wf-num wf-took">
        <Took node={node} now={now} />
      </div>
      <div class="wf-num wf-tokens">{tokens(node)}</div>
      <div class="wf-num wf-cost">{node.kind === "llm" ? <Money usd={node.cost} source={node.costSource} /> : null}</div>
      {node.error ? (
        <div class="wf-error" title={node.error.slice(0, 2000)}>
          <bdi>{node.error.slice(0, 400)}</bdi>
        </div>
      ) : null}
    </div>
  );
}

/** Row to move to for a key of the tree pattern, or null when the key is not one of them. */
function target(key: string, rows: readonly RunRow[], at: number): number | null {
  const row = rows[at];
  if (key === "ArrowDown" || key === "j") return Math.min(rows.length - 1, at + 1);
  if (key === "ArrowUp" || key === "k") return Math.max(0, at - 1);
  if (key === "Home") return 0;
  if (key === "End") return rows.length - 1;
  if (key === "ArrowLeft" && row && (!row.open || row.node.children.length === 0)) {
    return rows.findLastIndex((candidate, index) => index < at && candidate.depth < row.depth);
  }
  if (key === "ArrowRight" && row?.open && row.node.children.length > 0) return at + 1;
  return null;
}

export function Waterfall(props: WaterfallProps) {
  const { roots, from, to, selected, onSelect } = props;
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => flatten(roots, folded), [roots, folded]);
  const scroller = useRef<HTMLDivElement>(null);
  const heightOf = (index: number) => ROW + (rows[index]?.node.error ? ERROR_LINE : 0);
  const virtual = useVirtual({
    count: rows.length,
    scroller,
    height: heightOf,
    keyOf: (index) => rows[index]?.node.key ?? String(index),
    measureKey: rows.map((row) => (row.node.error ? "e" : ".")).join(""),
  });
  const at = rows.findIndex((row) => row.node.key === selected);
  const fold = (key: string) =>
    setFolded((before) => {
      const next = new Set(before);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  // What a link points at, or the first failure, is brought into view once; after that the reader scrolls.
  const placed = useRef(false);
  useEffect(() => {
    if (placed.current || rows.length === 0) return;
    placed.current = true;
    const failed = rows.findIndex((row) => row.node.state === "failed");
    const first = at >= 0 ? at : failed;
    if (first > 0) virtual.show(first);
  });
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const row = rows[at];
    const fallsBack = (event.key === "ArrowLeft" || event.key === "ArrowRight") && row && row.node.children.length > 0;
    const next = target(event.key, rows, at);
    if (next !== null && next >= 0) {
      onSelect(rows[next]?.node.key ?? null);
      virtual.show(next);
    } else if (fallsBack && row && row.open === (event.key === "ArrowLeft")) fold(row.node.key);
    else return;
    event.preventDefault();
  };
  return (
    <div class="waterfall">
      <div class="wf-heads" aria-hidden="true">
        <div class="wf-head">
          <div class="wf-name">What happened</div>
          <div class="wf-track">
            {ticks(to - from).map(([fraction, ms]) => (
              <span key={ms} class="tick" style={{ left: `${fraction * 100}%` }}>
                {ms === 0 ? "0" : duration(ms)}
              </span>
            ))}
          </div>
          <div class="wf-num wf-took">Duration</div>
          <div class="wf-num wf-tokens">Tokens</div>
          <div class="wf-num wf-cost">Cost</div>
        </div>
      </div>
      <div
        class="wf-body"
        ref={scroller}
        role="tree"
        tabIndex={0}
        aria-label="What happened in this run"
        aria-activedescendant={at >= 0 ? `wf-${at}` : undefined}
        onKeyDown={onKeyDown}
      >
        <div class="wf-rows" role="presentation" style={{ height: `${virtual.total}px` }}>
          {virtual.items.map((item) => {
            const row = rows[item.index];
            return row ? (
              <Row
                key={row.node.key}
                id={`wf-${item.index}`}
                row={row}
                top={item.start}
                height={item.size}
                onFold={fold}
                {...props}
              />
            ) : null;
          })}
        </div>
      </div>
    </div>
  );
}
