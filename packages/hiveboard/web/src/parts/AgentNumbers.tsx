/** An agent's last day in numbers and small courses, and its versions beside each other. */

import type { AgentDetail, VersionSums } from "../api/agent";
import { count, duration, oneLine, percent } from "../format";
import { rateTone } from "../model/status";
import { Line } from "./Charts";
import { Figure, type Amount } from "./Figure";
import { Panel, ScrollTable } from "./Panel";
import { Money } from "./Text";

export function DayInNumbers({ agent }: { agent: AgentDetail }) {
  const stats = agent.stats_24h;
  const cells: [string, Amount | string, string][] = [
    ["Runs completed", count(stats.tasks_completed), "none"],
    ["Runs failed", count(stats.tasks_failed), stats.tasks_failed > 0 ? "bad" : "none"],
    ["Success rate", percent(stats.success_rate), rateTone(stats.success_rate)],
    ["Average run", duration(stats.avg_duration_ms), "none"],
    ["Cost", { usd: stats.total_cost, estimated: stats.estimated_cost ?? null }, "none"],
    ["LLM calls", count(stats.llm_call_count), "none"],
    ["In its queue", count(stats.queue_depth), "none"],
  ];
  return (
    <div class="ribbon ribbon-costs" role="group" aria-label="The last 24 hours in numbers">
      {cells.map(([label, value, tone]) => (
        <div key={label} class={`ribbon-cell tone-${tone}`}>
          <Figure value={value} />
          <span class="ribbon-label">{label}</span>
        </div>
      ))}
    </div>
  );
}

export function DayInCourses({ agent }: { agent: AgentDetail }) {
  const series = agent.metrics_timeseries;
  const failed = agent.stats_24h.tasks_failed > 0;
  const charts = [
    { label: "Runs completed", values: series.map((bucket) => bucket.tasks_completed), tone: "none" },
    { label: "Runs failed", values: series.map((bucket) => bucket.tasks_failed), tone: failed ? "bad" : "none" },
    { label: "Errors", values: series.map((bucket) => bucket.error_count), tone: "none" },
    { label: "Average run", values: series.map((bucket) => bucket.avg_duration_ms), tone: "none" },
    { label: "Cost", values: series.map((bucket) => bucket.cost), tone: "none" },
  ];
  return (
    <div class="trends panel" role="group" aria-label="The last 24 hours, hour by hour">
      {charts.map((chart) => (
        <figure key={chart.label} class="trend">
          <figcaption>
            <span>{chart.label}</span>
          </figcaption>
          <Line values={chart.values} label={`${chart.label}, hour by hour`} tone={chart.tone} />
        </figure>
      ))}
    </div>
  );
}

/** The versions that ran in the last 30 days, side by side. */
export function Versions({ rows, current }: { rows: readonly VersionSums[]; current: string | null }) {
  if (rows.length === 0) return null;
  return (
    <Panel title="Versions" label="Versions" count="last 30 days">
      <ScrollTable
        label="Versions"
        heads={["Version", ["Completed", "r"], ["Failed", "r"], ["Success", "r"], ["Average run", "r wide-only"], ["Cost", "r"]]}
      >
        {rows.map((row) => (
          <tr key={row.version ?? ""}>
            <th scope="row">
              <bdi class="wrap">{row.version ? oneLine(row.version, 60) : "not told"}</bdi>{" "}
              {row.version === current ? <span class="badge">current</span> : null}
            </th>
            <td class="r num">{count(row.tasks_completed)}</td>
            <td class={`r num${row.tasks_failed ? " tone-bad" : ""}`}>{count(row.tasks_failed)}</td>
            <td class={`r num tone-${rateTone(row.success_rate)}`}>{percent(row.success_rate)}</td>
            <td class="r num wide-only">{duration(row.avg_duration_ms)}</td>
            <td class="r num">
              <Money usd={row.total_cost ?? row.cost} estimated={row.estimated_cost} />
            </td>
          </tr>
        ))}
      </ScrollTable>
    </Panel>
  );
}
