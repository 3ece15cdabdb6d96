/** Tables of the cost view: by model, by agent, the calls themselves. */

import { useState } from "preact/hooks";
import type { CostGroup, LlmCall } from "../api/types";
import { count, duration, oneLine, percent, plain, tokenPair } from "../format";
import { unknownCost, unknownGroup } from "../model/cost";
import { asText } from "../model/json";
import { runHref } from "../router";
import { AgentLink } from "./Listing";
import { Panel, ScrollTable } from "./Panel";
import { Age, Id, Money } from "./Text";

interface GroupsProps {
  title: string;
  rows: readonly CostGroup[];
  total: number | null;
  nameOf: (row: CostGroup) => string | null;
  hrefOf?: (name: string) => string;
}

/** What models or agents cost, the most expensive first. */
export function Groups({ title, rows, total, nameOf, hrefOf }: GroupsProps) {
  const top = Math.max(...rows.map((row) => row.cost ?? 0), 0);
  return (
    <Panel title={title}>
      <ScrollTable
        label={title}
        heads={[title.replace("By ", "").replace(/^./, (letter) => letter.toUpperCase()), ["Cost", "r"], ["Share", "r wide-only"], ["Calls", "r"], ["Tokens", "r"]]}
      >
        {rows.map((row) => {
          const name = nameOf(row);
          const { cost } = row;
          return (
            <tr key={name ?? ""}>
              <th scope="row">
                {name && hrefOf ? (
                  <a href={hrefOf(name)}>
                    <Id value={name} />
                  </a>
                ) : (
                  <Id value={name} />
                )}
                <span class="share" aria-hidden="true">
                  <span class="share-fill" style={{ width: `${top > 0 ? ((row.cost ?? 0) / top) * 100 : 0}%` }} />
                </span>
              </th>
              <td class="r num">
                <Money usd={cost} estimated={row.estimated_cost} why={unknownGroup(row)} />
              </td>
              <td class="r num dim wide-only">{total && cost !== null ? percent(cost / total) : "–"}</td>
              <td class="r num">{count(row.call_count)}</td>
              <td class="r num" title="In → out">
                {tokenPair(row.tokens_in, row.tokens_out)}
              </td>
            </tr>
          );
        })}
      </ScrollTable>
    </Panel>
  );
}

function Call({ call }: { call: LlmCall }) {
  const [open, setOpen] = useState(false);
  const [prompt, response] = [asText(call.prompt_preview), asText(call.response_preview)];
  const said = response ?? prompt;
  return (
    <>
      <tr>
        <th scope="row">
          <button type="button" class="disclose" aria-expanded={open} onClick={() => setOpen(!open)}>
            <bdi>{oneLine(call.name ?? "LLM call", 80)}</bdi>
          </button>
          <span class="call-said dim" title={said ? oneLine(said) : undefined}>
            <bdi>{said ? oneLine(said, 160) : "no preview was sent"}</bdi>
          </span>
        </th>
        <td>
          <Id value={call.model} />
        </td>
        <td class="wide-only">
          {call.task_id ? (
            <a href={runHref(call.task_id, call.task_run_id ?? null, { node: `llm:${call.event_id}` })}>
              <Id value={call.task_id} />
            </a>
          ) : (
            <AgentLink id={call.agent_id ?? ""} />
          )}
        </td>
        <td class="r num" title="In → out">
          {tokenPair(call.tokens_in, call.tokens_out)}
        </td>
        <td class="r num">
          <Money usd={call.cost} source={call.cost_source ?? null} why={unknownCost(call)} />
        </td>
        <td class="r num wide-only">{duration(call.duration_ms)}</td>
        <td class="r">
          <Age at={call.timestamp} />
        </td>
      </tr>
      {open ? (
        <tr class="call-open">
          <td colSpan={7}>
            <div class="call-texts">
              <div>
                <h3>Prompt</h3>
                <pre class="code" dir="auto" tabIndex={0}>
                  {prompt ?? plain(call.prompt_preview)}
                </pre>
              </div>
              <div>
                <h3>Response</h3>
                <pre class="code" dir="auto" tabIndex={0}>
                  {response ?? plain(call.response_preview)}
                </pre>
              </div>
            </div>
          </td>
        </tr>
      ) : null}
    </>
  );
}

/** The latest calls; each opens its prompt and response. */
export function Calls({ calls }: { calls: readonly LlmCall[] }) {
  return (
    <Panel title="Recent calls" kind="calls">
      <ScrollTable
        label="Recent calls"
        heads={["Call", "Model", ["Task", "wide-only"], ["Tokens", "r"], ["Cost", "r"], ["Duration", "r wide-only"], ["When", "r"]]}
      >
        {calls.map((call) => (
          <Call key={call.event_id} call={call} />
        ))}
      </ScrollTable>
    </Panel>
  );
}
