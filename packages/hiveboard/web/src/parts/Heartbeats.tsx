/** When an agent was heard, and the numbers its heartbeats carried. */

import type { AgentDetail } from "../api/agent";
import { clock, count, duration, exact, oneLine } from "../format";
import { beatSeries, rhythm } from "../model/heartbeat";
import { now } from "../state/clock";
import { Line } from "./Charts";
import { Panel } from "./Panel";

/** A tick per heartbeat; where none came for too long the strip is marked. */
function Strip({ agent }: { agent: AgentDetail }) {
  const found = rhythm(agent.heartbeat_history, (agent.stuck_threshold_seconds ?? 300) * 1000, now.value);
  if (!found) return <p class="note dim">No heartbeat has come yet.</p>;
  const usual = found.usualMs === null ? "" : `usually every ${duration(found.usualMs)}, `;
  const text = `${found.beats.length} ${found.beats.length === 1 ? "heartbeat" : "heartbeats"}, ${usual}longest silence ${duration(found.longestMs)}`;
  return (
    <div class="beats">
      <p class="dim">
        {text}
        {found.silences.length > 0 ? (
          <span class="tone-bad">
            {" "}
            · silent for too long {found.silences.length === 1 ? "once" : `${found.silences.length} times`}
          </span>
        ) : null}
      </p>
      <svg class="beat-strip" viewBox="0 0 1000 28" preserveAspectRatio="none" role="img" aria-label={text}>
        {found.silences.map((silence) => (
          <rect key={silence.from} class="silence" x={silence.from * 1000} y="0" width={Math.max(2, silence.length * 1000)} height="28">
            <title>Silent for {duration(silence.ms)}</title>
          </rect>
        ))}
        {found.beats.map((at, index) => (
          <path key={index} class="tick" d={`M${(at * 998 + 1).toFixed(1)} 5V23`} />
        ))}
      </svg>
      <div class="beat-ends dim num">
        <span title={exact(new Date(found.since).toISOString())}>{clock(new Date(found.since).toISOString())}</span>
        <span>now</span>
      </div>
    </div>
  );
}

/** What the heartbeats say beside being there. */
function Told({ agent }: { agent: AgentDetail }) {
  const { series, facts, omitted } = beatSeries(agent.heartbeat_history);
  if (series.length + facts.length === 0) return null;
  return (
    <>
      <div class="beat-series">
        {series.map((one) => (
          <figure key={one.name} class="trend">
            <figcaption>
              <bdi title={oneLine(one.name, 300)}>{oneLine(one.name, 80)}</bdi>
              <span class="num">{count(one.last)}</span>
            </figcaption>
            <Line values={one.values} label={`${oneLine(one.name, 80)}, last ${count(one.last)}`} />
          </figure>
        ))}
      </div>
      {facts.length > 0 ? (
        <dl class="beat-facts">
          {facts.map((fact) => (
            <div key={fact.name}>
              <dt>
                <bdi>{oneLine(fact.name, 80)}</bdi>
              </dt>
              <dd class="wrap">
                <bdi>{fact.text}</bdi>
              </dd>
            </div>
          ))}
        </dl>
      ) : null}
      {omitted > 0 ? <p class="note dim">{count(omitted)} more fields are not shown.</p> : null}
    </>
  );
}

export function Heartbeats({ agent }: { agent: AgentDetail }) {
  return (
    <Panel title="Heartbeats" label="Heartbeats">
      <Strip agent={agent} />
      <Told agent={agent} />
    </Panel>
  );
}
