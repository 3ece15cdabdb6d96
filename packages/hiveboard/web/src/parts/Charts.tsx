/** Small drawn charts: bars of the last hour, and a line with its last value. */

/** Bars from the oldest to the newest value; all-zero is a flat baseline, absent is nothing. */
export function Bars({ values, label }: { values: readonly number[] | undefined; label: string }) {
  if (!values || values.length === 0) return <svg class="bars" viewBox="0 0 120 20" aria-hidden="true" />;
  const top = Math.max(...values, 1);
  const step = 120 / values.length;
  return (
    <svg class="bars" viewBox="0 0 120 20" preserveAspectRatio="none" role="img" aria-label={`${label}: ${values.join(", ")}`}>
      {values.map((value, index) => {
        const height = value > 0 ? Math.max(2, (value / top) * 19) : 1;
        return (
          <rect key={index} class={value > 0 ? "on" : "off"} x={index * step} y={20 - height} width={step - 2} height={height} />
        );
      })}
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
  if (run.length === 1) return <circle cx={Math.min(198, Math.max(2, first))} cy={run[0]?.[1] ?? 0} r="2" class="stroke-dot" />;
  return (
    <g>
      <polygon class="area" points={`${first},36 ${points} ${last},36`} />
      <polyline class="stroke" points={points} />
    </g>
  );
}
