/** Spend over time on a canvas, in the colours of the theme. */

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { CostBucket } from "../api/types";
import { instant, money } from "../format";
import { dark } from "../state/media";
import { theme } from "../state/theme";

/** A colour of the stylesheet as the canvas needs it: resolved. */
function colour(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/** Ticks of the time axis: the time of day within two days, the day beyond. */
function tick(seconds: number, spanSeconds: number): string {
  const date = new Date(seconds * 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  return spanSeconds <= 172_800
    ? `${two(date.getHours())}:${two(date.getMinutes())}`
    : `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** `step` is the width of a bucket in seconds. */
function options(width: number, height: number, step: number, spanSeconds: number): uPlot.Options {
  const [ink, grid, fill] = [colour("--dim"), colour("--line"), colour("--accent")];
  const bars = uPlot.paths.bars?.({ size: [0.8, 56], align: 1 });
  return {
    width,
    height,
    legend: { show: false },
    cursor: { points: { show: false }, drag: { x: false, y: false } },
    padding: [12, 32, 0, 0],
    scales: { x: { range: (_, min, max) => [min, max + step] }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      {
        stroke: ink,
        size: 30,
        grid: { show: false },
        ticks: { stroke: grid, size: 4 },
        font: "12px system-ui, sans-serif",
        values: (_, marks) => marks.map((mark) => tick(mark, spanSeconds)),
      },
      {
        stroke: ink,
        grid: { stroke: grid, width: 1 },
        ticks: { show: false },
        size: 64,
        font: "12px system-ui, sans-serif",
        values: (_, marks) => marks.map((mark) => money(mark)),
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
    const chart = new uPlot(options(host.clientWidth, host.clientHeight, step, step * latest.current.length), data(), host);
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
  return (
    <div class="cost-chart" ref={box} role="img" aria-label={`Cost over time, ${money(total)} in ${buckets.length} steps`} />
  );
}
