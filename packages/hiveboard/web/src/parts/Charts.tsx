/** Small drawn charts: bars of the last hour, and a line with its last value. */

/** Bars from the oldest to the newest value; all-zero is a flat baseline, absent is nothing. */
export function Bars({ values, label }: { values: readonly number[] | undefined; label: string }) {
  if (!values || values.length === 0) return <svg class="bars" viewBox="0 0 120 20" aria-hidden="true" />;
  const top = Math.max(...values, 1);
  const step = 120 / values.length;
  const bar = (value: number, index: number) => {
    const height = value > 0 ? Math.max(2, (value / top) * 19) : 1;
    return `M${(index * step).toFixed(1)} 20v-${height.toFixed(1)}h${(step - 2).toFixed(1)}v${height.toFixed(1)}z`;
  };
  const drawn = (shown: (value: number) => boolean) => values.map((value, index) => (shown(value) ? bar(value, index) : "")).join("");
  // Two shapes for all bars, not an element for each: a fleet has hundreds of these.
  return (
    <svg class="bars" viewBox="0 0 120 20" preserveAspectRatio="none" role="img" aria-label={`${label}: ${values.join(", ")}`}>
      <path class="on" d={drawn((value) => value > 0)} />
      <path class="off" d={drawn((value) => !(value > 0))} />
    </svg>
  );
}

export interface LineProps {
  values: readonly (number | null)[];
  label: string;
  tone?: string;
  /** Fixed bounds; without them the axis begins at zero and ends at the largest value. */
  max?: number;
}

/** A line with a soft area. A gap in the data stays a gap. */
export function Line({ values, label, tone = "none", max }: LineProps) {
  const numbers = values.filter((value): value is number => value !== null);
  const top = max ?? Math.max(...numbers, 0);
  const step = values.length > 1 ? 200 / (values.length - 1) : 200;
  const y = (value: number) => (top > 0 ? 34 - (value / top) * 30 : 34);
  const runs: [number, number][][] = [[]];
  values.forEach((value, index) => {
    if (value === null) runs.push([]);
    else runs.at(-1)?.push([index * step, y(value)]);
  });
  return (
    <svg class={`line tone-${tone}`} viewBox="0 0 200 36" preserveAspectRatio="none" role="img" aria-label={label}>
      {runs
        .filter((run) => run.length > 0)
        .map((run, index) => (
          <Stretch key={index} run={run} />
        ))}
    </svg>
  );
}

function Stretch({ run }: { run: [number, number][] }) {
  const points = run.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  const first = run[0]?.[0] ?? 0;
  const last = run.at(-1)?.[0] ?? 0;
  // No circle: the chart is stretched, and what is round must not be.
  if (run.length === 1) return <path d={`M${Math.min(197, Math.max(3, first))} ${run[0]?.[1] ?? 0}h0`} class="stroke dot" />;
  return (
    <g>
      <polygon class="area" points={`${first},36 ${points} ${last},36`} />
      <polyline class="stroke" points={points} />
    </g>
  );
}
