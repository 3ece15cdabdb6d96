/** What differs between two runs in numbers: money, time, tokens, and the kinds of steps they took. */

import type { Delta, RunDiff, ToolDelta } from "../api/diff";
import { count, duration, money, oneLine, UNKNOWN } from "../format";
import { changeOf } from "../model/compare";
import { Panel, ScrollTable } from "./Panel";

type Form = (value: number | null) => string;

function Change({ delta, lessIsBetter, form }: { delta: Delta; lessIsBetter: boolean; form: Form }) {
  const change = changeOf(delta, lessIsBetter);
  if (!change) return <span class="dim change">{UNKNOWN}</span>;
  if (change.direction === "flat") return <span class="dim change">=</span>;
  const up = change.direction === "up";
  const size = form(delta.change === null ? null : Math.abs(delta.change));
  const judged = change.tone === "none" ? "" : change.tone === "good" ? ", better" : ", worse";
  return (
    <span class={`change num tone-${change.tone}`} title={`${up ? "More" : "Less"} by ${size}${judged}`}>
      <span class="trend-arrow" aria-hidden="true">
        {up ? "▲" : "▼"}
      </span>{" "}
      <span class="sr-only">{up ? "more by" : "less by"}</span>
      {change.part ?? size}
      {judged ? <span class="sr-only">{judged}</span> : null}
    </span>
  );
}

export function DiffFigures({ diff }: { diff: RunDiff }) {
  const figures: [string, Delta, Form, boolean][] = [
    ["Cost", diff.cost, money, true],
    ["Duration", diff.duration_ms, duration, true],
    ["Tokens in", diff.tokens_in, count, true],
    ["Tokens out", diff.tokens_out, count, true],
    ["LLM calls", diff.llm_calls, count, false],
    ["Actions", diff.actions, count, false],
    ["Errors", diff.errors, count, true],
    ["Retries", diff.retries, count, true],
  ];
  return (
    <dl class="panel figures" aria-label="Differences in numbers">
      {figures.map(([label, delta, form, lessIsBetter]) => (
        <div key={label} class="figure-cell">
          <dt>{label}</dt>
          <dd>
            <span class="num figure-pair">
              <span class="dim">{form(delta.a)}</span>
              <span class="dim" aria-hidden="true">
                →
              </span>
              <span class="sr-only">became</span>
              <strong>{form(delta.b)}</strong>
            </span>
            <Change delta={delta} lessIsBetter={lessIsBetter} form={form} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function calls(number: number, failed: number): string {
  return failed > 0 ? `${count(number)} (${count(failed)} failed)` : count(number);
}

/** Both sides of a sum; nothing where a run took no such step, one dash where neither sum is known. */
function pair(tool: ToolDelta, delta: Delta, form: Form): string {
  const [a, b] = [tool.a_calls ? form(delta.a) : UNKNOWN, tool.b_calls ? form(delta.b) : UNKNOWN];
  return a === UNKNOWN && b === UNKNOWN ? UNKNOWN : `${a} → ${b}`;
}

function differs(tool: ToolDelta): boolean {
  return tool.a_calls !== tool.b_calls || tool.a_failed !== tool.b_failed;
}

/** Kinds of steps, those taken more or less often first; those both took alike only with what they cost. */
export function DiffTools({ tools }: { tools: readonly ToolDelta[] }) {
  if (tools.length === 0) return null;
  return (
    <Panel
      title="By kind of step"
      label="By kind of step"
      kind="diff-tools"
      count={`${tools.filter(differs).length} of ${tools.length} differ`}
    >
      <ScrollTable
        label="By kind of step"
        kind="breakdown"
        heads={["Step", ["Taken", "r"], ["Time", "r"], ["Change", "r wide-only"], ["Cost", "r wide-only"]]}
      >
        {tools.map((tool) => (
          <tr key={`${tool.kind}\n${tool.name}`} class={differs(tool) ? "differs" : undefined}>
            <th scope="row">
              <span class="chip">{oneLine(tool.kind, 24)}</span> <bdi class="wrap">{oneLine(tool.name, 120) || "(blank)"}</bdi>
            </th>
            <td class="r num">
              {differs(tool)
                ? `${calls(tool.a_calls, tool.a_failed)} → ${calls(tool.b_calls, tool.b_failed)}`
                : calls(tool.a_calls, tool.a_failed)}
            </td>
            <td class="r num">
              {pair(tool, tool.duration_ms, duration)}
            </td>
            <td class="r wide-only">
              <Change delta={tool.duration_ms} lessIsBetter form={duration} />
            </td>
            <td class="r num wide-only">
              {tool.cost.a || tool.cost.b ? pair(tool, tool.cost, money) : <span class="dim">{UNKNOWN}</span>}
            </td>
          </tr>
        ))}
      </ScrollTable>
    </Panel>
  );
}
