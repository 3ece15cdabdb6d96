/** The run as a tree with bars on a time axis; keyboard like a tree, thousands of rows like fifty. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { elapsedTicks } from "../model/axis";
import { waterfallColumns, type WaterfallColumns } from "../model/columns";
import { flatten, type RunNode, type RunRow } from "../model/tree";
import { useVirtual, useWidth } from "./virtual";
import { longestOf, Row, rowHeight } from "./WaterfallRow";

export interface WaterfallProps {
  roots: readonly RunNode[];
  from: number;
  to: number;
  now: number;
  selected: string | null;
  onSelect: (key: string | null) => void;
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

function Heads({ columns, totalMs }: { columns: WaterfallColumns; totalMs: number }) {
  return (
    <div class="wf-heads" aria-hidden="true">
      <div class="wf-head">
        <div class="wf-name">What happened</div>
        <div class="wf-track">
          {elapsedTicks(totalMs, columns.track).map((tick) => (
            <span key={tick.label} class="tick" style={{ left: `${tick.x}px` }}>
              {tick.label}
            </span>
          ))}
        </div>
        <div class="wf-nums">
          <div class="wf-num wf-took">Duration</div>
          {columns.tokens ? <div class="wf-num wf-tokens">Tokens</div> : null}
          {columns.cost ? <div class="wf-num wf-cost">Cost</div> : null}
        </div>
      </div>
    </div>
  );
}

export function Waterfall(props: WaterfallProps) {
  const { roots, from, to, now, selected, onSelect } = props;
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => flatten(roots, folded), [roots, folded]);
  const scroller = useRef<HTMLDivElement>(null);
  const width = useWidth(scroller);
  const longest = useMemo(() => longestOf(rows), [rows]);
  const columns = waterfallColumns(width, longest);
  const virtual = useVirtual({
    rows,
    scroller,
    height: (index) => (rows[index] ? rowHeight(rows[index].node, columns.mode) : 0),
    keyOf: (index) => rows[index]?.node.key ?? String(index),
    measureKey: columns.mode,
  });
  const at = useMemo(() => rows.findIndex((row) => row.node.key === selected), [rows, selected]);
  const fold = (key: string) =>
    setFolded((before) => {
      const next = new Set(before);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  // What a link points at, or the first failure, is brought into view once; after that the reader scrolls.
  const placed = useRef(false);
  useEffect(() => {
    if (placed.current || rows.length === 0 || width === 0) return;
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
    <div class={`waterfall wf-${columns.mode}`} style={{ "--wf-grid": columns.grid }}>
      <Heads columns={columns} totalMs={to - from} />
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
                columns={columns}
                from={from}
                to={to}
                now={now}
                selected={row.node.key === selected}
                onSelect={onSelect}
                onFold={fold}
              />
            ) : null;
          })}
        </div>
      </div>
    </div>
  );
}
