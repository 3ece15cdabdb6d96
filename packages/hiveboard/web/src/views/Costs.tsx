/** Where the money goes: in all, by model, by agent, over time, and the calls themselves. */

import { useState } from "preact/hooks";
import { get } from "../api/client";
import type { CostBucket, CostSummary, LlmCall, Page } from "../api/types";
import { count, exact } from "../format";
import { leftOut } from "../model/cost";
import { kindOf } from "../model/json";
import { DEFAULT_RANGE, rangeOf, RANGES } from "../model/range";
import { CostChart } from "../parts/CostChart";
import { Calls, Groups } from "../parts/CostTables";
import { Select } from "../parts/Fields";
import { Main } from "../parts/Main";
import { Panel } from "../parts/Panel";
import { Loaded, Nothing } from "../parts/States";
import { Figure, type Amount } from "../parts/Figure";
import { Id, Money } from "../parts/Text";
import { environment, project, route, setQuery, viewHref } from "../router";
import type { Pulse } from "../state/live";
import { useKept, useResource } from "../state/resource";

interface Answer {
  summary: CostSummary;
  series: CostBucket[];
  calls: LlmCall[];
}

function touches(pulse: Pulse): boolean {
  return pulse.kind === "resync" || (pulse.kind === "event" && kindOf(pulse.event) === "llm_call");
}

function Totals({ summary }: { summary: CostSummary }) {
  const priced = summary.call_count - (summary.unpriced_calls ?? 0);
  const { total_cost: total, estimated_cost: estimated } = summary;
  const perCall = (usd: number | null) => (usd !== null && priced > 0 ? usd / priced : null);
  const missing = leftOut(summary);
  const cells: [string, Amount | string, string][] = [
    ["Total", { usd: total, estimated }, ""],
    ["Reported", { usd: summary.reported_cost }, "Cost the agents told themselves"],
    ["Estimated", { usd: estimated, estimated }, "Cost the collector worked out from its price table"],
    ["LLM calls", count(summary.call_count), ""],
    ["Average call", { usd: perCall(total), estimated: perCall(estimated) }, "Of the calls whose cost is known"],
    ["Tokens in", count(summary.total_tokens_in), ""],
    ["Tokens out", count(summary.total_tokens_out), ""],
  ];
  return (
    <>
      <div class="ribbon ribbon-costs" role="group" aria-label="Cost in numbers">
        {cells.map(([label, value, hint]) => (
          <div key={label} class="ribbon-cell" title={hint || undefined}>
            <Figure value={value} />
            <span class="ribbon-label">{label}</span>
          </div>
        ))}
      </div>
      {missing ? <p class="note tone-wait wrap">{missing}</p> : null}
    </>
  );
}

function Chart({ series }: { series: readonly CostBucket[] }) {
  const [hover, setHover] = useState<CostBucket | null>(null);
  return (
    <Panel
      title="Over time"
      action={
        hover ? (
          <span class="num dim">
            {exact(hover.timestamp).slice(0, 16)} · <Money usd={hover.cost} estimated={hover.estimated_cost} /> ·{" "}
            {count(hover.call_count)} {hover.call_count === 1 ? "call" : "calls"}
          </span>
        ) : null
      }
    >
      <CostChart buckets={series} onHover={setHover} />
    </Panel>
  );
}

export default function Costs() {
  const range = rangeOf(route.value.query["range"]).value;
  const agent = route.value.query["agent"] ?? "";
  const scope = { project_id: project.value, environment: environment.value, agent_id: agent };
  const resource = useResource<Answer>(
    `costs ${range} ${JSON.stringify(scope)}`,
    async (abort) => {
      const [summary, series, calls] = await Promise.all([
        get<CostSummary>("cost", { ...scope, range }, abort),
        get<{ data: CostBucket[] }>("cost/timeseries", { ...scope, range }, abort),
        get<Page<LlmCall>>("cost/calls", { ...scope, limit: 50 }, abort),
      ]);
      return { summary, series: series.data, calls: calls.data };
    },
    touches,
  );
  const answer = useKept(resource.data.value, resource.error.value);
  return (
    <Main kind="page page-scroll">
      <div class="toolbar">
        <h1>Costs</h1>
        <Select
          label="Range"
          all=""
          value={range}
          options={RANGES}
          onPick={(value) => setQuery({ range: value === DEFAULT_RANGE ? "" : value })}
        />
        {agent ? (
          <a class="button" href={viewHref("costs")}>
            Agent <Id value={agent} /> ✕
          </a>
        ) : null}
      </div>
      <Loaded from={resource} data={answer}>
        {(answer) =>
          answer.summary.call_count === 0 ? (
            <Nothing title="No LLM calls in this time">
              <p class="dim">Choose a longer range, or another project.</p>
            </Nothing>
          ) : (
            <>
              <Totals summary={answer.summary} />
              <Chart series={answer.series} />
              <div class="two">
                <Groups
                  title="By model"
                  rows={answer.summary.by_model}
                  total={answer.summary.total_cost}
                  nameOf={(row) => row.model ?? null}
                />
                <Groups
                  title="By agent"
                  rows={answer.summary.by_agent}
                  total={answer.summary.total_cost}
                  nameOf={(row) => row.agent_id ?? null}
                  hrefOf={(name) => viewHref("costs", { agent: name, range: route.value.query["range"] ?? "" })}
                />
              </div>
              <Calls calls={answer.calls} />
            </>
          )
        }
      </Loaded>
    </Main>
  );
}
