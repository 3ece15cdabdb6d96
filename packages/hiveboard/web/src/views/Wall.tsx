/** Mission control: the state of the fleet in two seconds, from across a room. No navigation; Escape leaves. */

import { get } from "../api/client";
import type { Agent, Metrics, Page, TaskRow } from "../api/types";
import { clock, count, duration, money, oneLine } from "../format";
import { thresholds, toneAbove } from "../model/thresholds";
import { agentsBehind, verdict } from "../model/wall";
import { Line } from "../parts/Charts";
import { Main } from "../parts/Main";
import { Icon, ShapeMark } from "../parts/Marks";
import { cells, trends, type Cell } from "../parts/Ribbon";
import { Money } from "../parts/Text";
import { WallAgent } from "../parts/WallAgent";
import { environment, go, project, route, setQuery, viewHref } from "../router";
import { now } from "../state/clock";
import { agents, fleetResource } from "../state/fleet";
import { useKeys } from "../state/keys";
import { liveState } from "../state/live";
import { useKept, useResource } from "../state/resource";

/** More are not read from across a room; the rest is counted. */
const MOST = 8;
/** The courses of the wall, of those the fleet's page has. */
const TRENDS = ["Runs finished", "Success rate", "Runs failed", "Cost"];

function leave(): void {
  go(viewHref("fleet"));
}

/** The eight numbers: those of the fleet's page and the average run. */
function numbers(all: readonly Agent[], metrics: Metrics | null): Cell[] {
  const average = metrics?.summary.avg_duration_ms ?? null;
  const list = cells(all, metrics);
  list.splice(-1, 0, {
    label: "Average run, 1 h",
    value: duration(average),
    tone: toneAbove(average, thresholds.value.avg_duration_ms),
    filter: "duration",
    hint: "Show the agents with the longest runs first",
  });
  return list;
}

/** What the numbers are of, where it is not everything. */
function Scope() {
  const parts = [project.value, environment.value].filter(Boolean);
  if (parts.length === 0) return null;
  return <bdi class="wall-scope dim">{parts.map((part) => oneLine(part, 40)).join(" · ")}</bdi>;
}

/** Whether all is well, in words; the first thing that is read. */
function Head() {
  const { tone, text, parts } = verdict(agents.value);
  const live = liveState.value === "live";
  return (
    <header class={`wall-head tone-${live ? tone : "bad"}`}>
      <ShapeMark shape={live && tone === "good" ? "check" : tone === "wait" && live ? "pause" : "octagon"} tone={live ? tone : "bad"} />
      <h1 aria-live="polite">{live ? text : "No live connection"}</h1>
      <p class="wall-parts">
        {live ? parts.join(", ") : `As of ${clock(new Date(fleetResource.loadedAt.value).toISOString())}; trying again`}
      </p>
      <Scope />
      <time class="wall-clock num">{clock(new Date(now.value).toISOString()).slice(0, 5)}</time>
      <a class="button quiet wall-leave" href={viewHref("fleet")} title="Leave mission control (Esc)">
        <Icon name="leave" />
        <span class="sr-only">Leave mission control</span>
      </a>
    </header>
  );
}

function Number({ cell, chosen }: { cell: Cell; chosen: boolean }) {
  const { value, tone } = cell;
  const length = typeof value === "string" ? value.length : money(value.usd).length + (value.estimated ? 1 : 0);
  return (
    <button
      type="button"
      class={`wall-cell tone-${tone}`}
      title={cell.hint}
      aria-pressed={chosen}
      onClick={() => setQuery({ show: chosen ? "" : cell.filter })}
      style={{ "--characters": String(Math.max(4, length)) }}
    >
      <span class="wall-value num">
        {typeof value === "string" ? value : <Money usd={value.usd} estimated={value.estimated} />}
      </span>
      <span class="wall-label">{cell.label}</span>
    </button>
  );
}

function Courses({ metrics }: { metrics: Metrics }) {
  return (
    <section class="wall-trends" aria-label="The last hour">
      {trends(metrics)
        .filter((trend) => TRENDS.includes(trend.label))
        .map((trend) => (
          <figure key={trend.label} class="wall-trend">
            <figcaption>
              <span class="dim">{trend.label}</span>
              <span class={`num tone-${trend.tone}`}>{trend.value}</span>
            </figcaption>
            <Line values={trend.values} label={`${trend.label} over the last hour`} tone={trend.tone} max={trend.max} />
          </figure>
        ))}
    </section>
  );
}

/** Why the last run of each agent failed, where it did lately. */
function useFailures(scope: Record<string, string>): ReadonlyMap<string, string> {
  const failed = useResource<Page<TaskRow>>(
    `failed ${JSON.stringify(scope)}`,
    (abort) => get<Page<TaskRow>>("tasks", { ...scope, status: "failed", limit: 100 }, abort),
    (pulse) => pulse.kind === "resync" || (pulse.kind === "event" && pulse.event.event_type === "task_failed"),
  );
  const rows = failed.data.value?.data ?? [];
  return new Map([...rows].reverse().map((row) => [row.agent_id, row.error ?? "failed without a message"]));
}

export default function Wall() {
  const show = route.value.query["show"] ?? "";
  const scope = { project_id: project.value, environment: environment.value };
  const resource = useResource<Metrics>(`wall ${JSON.stringify(scope)}`, (abort) =>
    get<Metrics>("metrics", { ...scope, range: "1h" }, abort),
  );
  const metrics = useKept(resource.data.value, resource.error.value);
  const failures = useFailures(scope);
  useKeys({ Escape: leave });
  const list = agentsBehind(agents.value, show);
  const title = numbers(agents.value, metrics).find((cell) => cell.filter === show && show !== "")?.label;
  return (
    <Main kind="page wall">
      <Head />
      <section class="wall-numbers" aria-label="Fleet in numbers">
        {numbers(agents.value, metrics).map((cell) => (
          <Number key={cell.label} cell={cell} chosen={show !== "" && show === cell.filter} />
        ))}
      </section>
      {metrics && metrics.timeseries.length > 0 ? <Courses metrics={metrics} /> : <div class="wall-trends" />}
      <section class="wall-agents" aria-label={title ? `Agents: ${title}` : "Agents by urgency"}>
        {list.slice(0, MOST).map((agent) => (
          <WallAgent key={agent.agent_id} agent={agent} failure={failures.get(agent.agent_id) ?? null} />
        ))}
        {list.length === 0 ? <p class="wall-none dim">No agent fits {title ? `“${title}”` : "this project and environment"}</p> : null}
        {list.length > MOST ? <p class="wall-more dim">and {count(list.length - MOST)} more</p> : null}
      </section>
    </Main>
  );
}
