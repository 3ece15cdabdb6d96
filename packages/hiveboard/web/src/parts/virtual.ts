/** Rows that exist only while they are in view, whatever the length of the list. */

import { elementScroll, observeElementOffset, observeElementRect, Virtualizer, type VirtualItem } from "@tanstack/virtual-core";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";

/** Width of an element in pixels, following it; 0 until it is drawn. */
export function useWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const host = element.current;
    if (!host) return;
    setWidth(host.clientWidth);
    const watch = new ResizeObserver(() => setWidth(host.clientWidth));
    watch.observe(host);
    return () => watch.disconnect();
  }, []);
  return width;
}

export interface VirtualOptions {
  /** The rows; another list means other rows, the same list the same. */
  rows: readonly unknown[];
  scroller: RefObject<HTMLElement | null>;
  /** Height of a row in pixels; a first guess for rows that are measured. */
  height: (index: number) => number;
  keyOf: (index: number) => string;
  /** Changes when heights change while the rows stay. */
  measureKey?: string;
}

export interface Virtual {
  items: VirtualItem[];
  /** Height of the whole list in pixels. */
  total: number;
  show: (index: number) => void;
  /** Whether a row is wholly in view: 0 when it is, below or above zero when it lies before or behind. */
  side: (index: number) => -1 | 0 | 1;
  /** For `ref` of rows (with `data-index`) whose height their text decides. */
  measured: (row: HTMLElement | null) => void;
}

export function useVirtual(options: VirtualOptions): Virtual {
  const [, redraw] = useReducer((turn: number, _: undefined) => turn + 1, 0);
  const latest = useRef(options);
  latest.current = options;
  // The virtualizer lays all rows out again whenever this function is another one: it must not be new at every scroll.
  const keyOf = useMemo(() => (index: number) => latest.current.keyOf(index), [options.rows]);
  const settings = {
    count: options.rows.length,
    getScrollElement: () => options.scroller.current,
    estimateSize: (index: number) => latest.current.height(index),
    getItemKey: keyOf,
    overscan: 8,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => redraw(undefined),
  };
  const virtualizer = useMemo(() => new Virtualizer<HTMLElement, HTMLElement>(settings), []);
  virtualizer.setOptions(settings);
  useEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  useLayoutEffect(() => {
    virtualizer.measure();
    // Rows that are measured do not change their size again just because it was forgotten.
    for (const row of [...virtualizer.elementsCache.values()]) virtualizer.measureElement(row);
  }, [options.measureKey]);
  return {
    items: virtualizer.getVirtualItems(),
    total: virtualizer.getTotalSize(),
    show: (index) => virtualizer.scrollToIndex(index, { align: "auto" }),
    side: (index) => sideOf(virtualizer, index),
    measured: virtualizer.measureElement,
  };
}

function sideOf(virtualizer: Virtualizer<HTMLElement, HTMLElement>, index: number): -1 | 0 | 1 {
  const row = virtualizer.measurementsCache[index];
  const from = virtualizer.scrollOffset ?? 0;
  const height = virtualizer.scrollRect?.height ?? 0;
  if (!row || height === 0) return 0;
  if (row.start < from) return -1;
  return row.end > from + height ? 1 : 0;
}
