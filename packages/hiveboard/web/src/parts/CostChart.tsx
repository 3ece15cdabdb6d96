/** Spend over time on a canvas, in the colours of the theme. */

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { CostBucket } from "../api/types";
import { instant, money } from "../format";
import { calendarTicks, moneyTicks } from "../model/axis";
import { dark } from "../state/media";
import { theme } from "../state/theme";
import "../styles/chart.css";

/** A colour of the stylesheet as the canvas needs it: resolved. */
function colour(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/** Lines of the money axis above zero, at most. */
const LINES = 5;
const FONT = "12px system-ui, sans-serif";

function timeMarks(plot: uPlot): { at: number; label: string }[] {
  const { min = 0, max = 0 } = plot.scales["x"] ?? {};
  return calendarTicks(min * 1000, max * 1000, plot.over.clientWidth || plot.width);
}

function moneyMarks(plot: uPlot): { at: number; label: string }[] {
  return moneyTicks(plot.scales["y"]?.max ?? 0, LINES);
}

/** Pixels that the labels of the money axis need. */
function labelRoom(labels: readonly string[] | null): number {
  return 18 + 7.5 * Math.max(2, ...(labels ?? []).map((label) => label.length));
}

/** `step` is the width of a bucket in seconds. */
function options(width: number, height: number, step: number): uPlot.Options {
  const [ink, grid, fill] = [colour("--dim"), colour("--line"), colour("--accent")];
  const bars = uPlot.paths.bars?.({ size: [0.8, 56], align: 1 });
  return {
    width,
    height,
    legend: { show: false },
    cursor: { points: { show: false }, drag: { x: false, y: false } },
    padding: [12, 32, 0, 0],
    scales: {
      x: { time: false, range: (_, min, max) => [min, max + step] },
      // The axis ends at a mark at or above the highest bar.
      y: { range: (_, __, max) => [0, moneyTicks(max, LINES).at(-1)?.at || 1] },
    },
    axes: [
      {
        stroke: ink,
        size: 30,
        grid: { show: false },
        ticks: { stroke: grid, size: 4 },
        font: FONT,
        splits: (plot) => timeMarks(plot).map((mark) => mark.at / 1000),
        values: (plot) => timeMarks(plot).map((mark) => mark.label),
      },
      {
        stroke: ink,
        grid: { stroke: grid, width: 1 },
        ticks: { show: false },
        size: (_, labels) => labelRoom(labels),
        font: FONT,
        splits: (plot) => moneyMarks(plot).map((mark) => mark.at),
        values: (plot) => moneyMarks(plot).map((mark) => mark.label),
      },
    ],
    series: [{}, { stroke: fill, fill, width: 0, points: { show: false }, ...(bars ? { paths: bars } : {}) }],
  };
}

function stepOf(buckets: readonly CostBucket[]): number {
  const [first, second] = [instant(buckets[0]?.timestamp), instant(buckets[1]?.timestamp)];
  return first !== null && second !== null && second > first ? (second - first) / 1000 : 3600;
}

export function CostChart({
  buckets,
  onHover,
}: {
  buckets: readonly CostBucket[];
  onHover: (bucket: CostBucket | null) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(buckets);
  latest.current = buckets;
  const data = (): uPlot.AlignedData => [
    latest.current.map((bucket) => (instant(bucket.timestamp) ?? 0) / 1000),
    latest.current.map((bucket) => bucket.cost || null),
  ];
  const step = stepOf(buckets);
  const look = `${theme.value} ${dark.value} ${step} ${buckets.length}`;
  useEffect(() => {
    const host = box.current;
    if (!host) return;
    const chart = new uPlot(options(host.clientWidth, host.clientHeight, step), data(), host);
    plot.current = chart;
    chart.over.addEventListener("mousemove", () => onHover(latest.current[chart.cursor.idx ?? -1] ?? null));
    chart.over.addEventListener("mouseleave", () => onHover(null));
    const watch = new ResizeObserver(() => chart.setSize({ width: host.clientWidth, height: host.clientHeight }));
    watch.observe(host);
    return () => {
      watch.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [look]);
  useEffect(() => plot.current?.setData(data()), [buckets]);
  const total = buckets.reduce((sum, bucket) => sum + (bucket.cost ?? 0), 0);
  const kind = buckets.some((bucket) => bucket.estimated_cost) ? "partly estimated" : "as reported";
  const label = `Cost over time, ${money(total)} in ${buckets.length} steps, ${kind}`;
  return <div class="cost-chart" ref={box} role="img" aria-label={label} />;
}
