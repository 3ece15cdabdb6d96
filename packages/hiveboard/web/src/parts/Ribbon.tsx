/** Seven numbers that say whether all is well. Each is a filter; colour comes from thresholds. */

import type { ComponentChildren } from "preact";
import type { Agent, Metrics } from "../api/types";
import { count, duration, percent } from "../format";
import { rateTone, type Tone } from "../model/status";
import { thresholds, toneAbove } from "../model/thresholds";
import { setQuery } from "../router";
import { Line } from "./Charts";
import { Figure, type Amount } from "./Figure";
import { Money } from "./Text";

type Four = [number, number, number, number];

export interface Cell {
  label: string;
  value: Amount | string;
  /** What is counted. */
  unit?: string;
  tone: Tone;
  filter: string;
  hint: string;
}

/** The numbers of the fleet, each with its colour and the filter it stands for. */
export function cells(agents: readonly Agent[], metrics: Metrics | null): Cell[] {
  const having = (status: string) => agents.filter((agent) => agent.derived_status === status).length;
  const limits = thresholds.value;
  const of = (number: number) => (number === 1 ? "agent" : "agents");
  const [processing, waiting, stuck, errors] = ["processing", "waiting_approval", "stuck", "error"].map(having) as Four;
  const rate = metrics?.summary.success_rate ?? null;
  return [
    { label: "Agents", value: count(agents.length), tone: "none", filter: "", hint: "Show all agents" },
    {
      label: "Processing",
      value: count(processing),
      unit: of(processing),
      tone: "none",
      filter: "processing",
      hint: "Show agents at work",
    },
    {
      label: "Waiting",
      value: count(waiting),
      unit: of(waiting),
      tone: toneAbove(waiting, limits.waiting_agents),
      filter: "waiting_approval",
      hint: "Show agents that wait for a person",
    },
    {
      label: "Stuck",
      value: count(stuck),
      unit: of(stuck),
      tone: toneAbove(stuck, limits.stuck_agents),
      filter: "stuck",
      hint: "Show agents whose heartbeat stopped",
    },
    {
      label: "In error",
      value: count(errors),
      unit: of(errors),
      tone: toneAbove(errors, limits.error_agents),
      filter: "error",
      hint: "Show agents whose last task failed",
    },
    {
      label: "Success, 1 h",
      value: percent(rate),
      tone: rateTone(rate),
      filter: "failed",
      hint: "Show the failed runs",
    },
    {
      label: "Cost, 1 h",
      value: { usd: metrics?.summary.total_cost ?? null, estimated: metrics?.summary.estimated_cost },
      tone: toneAbove(metrics?.summary.total_cost, limits.cost_1h),
      filter: "cost",
      hint: "Show the most expensive runs first",
    },
  ];
}

/** The status filter of the fleet, in the words of its tasks. */
export const TASK_STATUS_OF: Record<string, string> = {
  processing: "processing",
  waiting_approval: "waiting",
  stuck: "stuck",
  error: "failed",
  failed: "failed",
};

export function Ribbon({ agents, metrics, chosen }: { agents: readonly Agent[]; metrics: Metrics | null; chosen: string }) {
  return (
    <div class="ribbon" role="group" aria-label="Fleet in numbers">
      {cells(agents, metrics).map((cell) => (
        <button
          key={cell.label}
          type="button"
          class={`ribbon-cell tone-${cell.tone}`}
          title={cell.hint}
          aria-pressed={cell.filter !== "" && chosen === cell.filter}
          onClick={() => setQuery({ show: chosen === cell.filter ? "" : cell.filter, task: "", run: "", of: "", node: "" })}
        >
          <Figure value={cell.value} unit={cell.unit} />
          <span class="ribbon-label">{cell.label}</span>
        </button>
      ))}
    </div>
  );
}

function rates(metrics: Metrics): (number | null)[] {
  return metrics.timeseries.map((bucket) => {
    const finished = bucket.tasks_completed + bucket.tasks_failed;
    return finished > 0 ? bucket.tasks_completed / finished : null;
  });
}

export interface Trend {
  label: string;
  value: ComponentChildren;
  values: readonly (number | null)[];
  tone: string;
  /** Fixed upper bound of the course. */
  max?: number;
}

/** The courses of the last hour. */
export function trends(metrics: Metrics): Trend[] {
  const series = metrics.timeseries;
  const finished = metrics.summary.completed + metrics.summary.failed;
  return [
    {
      label: "Runs finished",
      value: count(finished),
      values: series.map((bucket) => bucket.tasks_completed + bucket.tasks_failed),
      tone: "none",
    },
    { label: "Success rate", value: percent(metrics.summary.success_rate), values: rates(metrics), tone: "none", max: 1 },
    {
      label: "Runs failed",
      value: count(metrics.summary.failed),
      values: series.map((bucket) => bucket.tasks_failed),
      tone: metrics.summary.failed > 0 ? "bad" : "none",
    },
    {
      label: "Average run",
      value: duration(metrics.summary.avg_duration_ms),
      values: series.map((bucket) => bucket.avg_duration_ms),
      tone: toneAbove(metrics.summary.avg_duration_ms, thresholds.value.avg_duration_ms),
    },
    {
      label: "Cost",
      value: <Money usd={metrics.summary.total_cost} estimated={metrics.summary.estimated_cost} />,
      values: series.map((bucket) => bucket.cost),
      tone: "none",
    },
  ];
}

/** Small courses of the last hour. */
export function Trends({ metrics }: { metrics: Metrics | null }) {
  if (!metrics || metrics.timeseries.length === 0) return null;
  return (
    <div class="trends" role="group" aria-label="The last hour">
      {trends(metrics).map((chart) => (
        <figure key={chart.label} class="trend">
          <figcaption>
            <span>{chart.label}</span>
            <span class={`num tone-${chart.tone}`}>{chart.value}</span>
          </figcaption>
          <Line values={chart.values} label={`${chart.label} over the last hour`} tone={chart.tone} max={chart.max} />
        </figure>
      ))}
    </div>
  );
}
