/** One agent at a glance: how it is, whether it lives, what it does, what waits, what it costs. */

import type { Agent } from "../api/types";
import { ago, count, duration, exact, instant, oneLine, UNKNOWN } from "../format";
import { heartbeatTone, progress, statusLook } from "../model/status";
import { detailHref } from "../router";
import { now } from "../state/clock";
import { heartbeatAge } from "../state/fleet";
import { Bars } from "./Charts";
import { Icon, ShapeMark } from "./Marks";
import { Money } from "./Text";

export interface AgentCardProps {
  agent: Agent;
  href: string;
  chosen: boolean;
  /** When the current task began, where known. */
  taskStartedAt: string | null;
}

function Heartbeat({ agent }: { agent: Agent }) {
  const age = heartbeatAge(agent, now.value);
  const tone = heartbeatTone(agent, age);
  const title = agent.last_heartbeat ? `Last heartbeat ${exact(agent.last_heartbeat)}` : "No heartbeat yet";
  return (
    <span class={`beat tone-${tone}`} title={title}>
      <Icon name="heart" />
      <span class="num">{age === null ? "no heartbeat" : ago(age)}</span>
    </span>
  );
}

function CurrentTask({ agent, startedAt }: { agent: Agent; startedAt: string | null }) {
  const busy = ["processing", "stuck", "waiting_approval"].includes(agent.derived_status);
  if (!busy || !agent.current_task_id) return null;
  const since = instant(agent.current_task_started_at ?? startedAt);
  return (
    <div class="card-task">
      <bdi class="id" title={oneLine(agent.current_task_id, 600)}>
        {oneLine(agent.current_task_id, 120)}
      </bdi>
      <span class="num">{since === null ? UNKNOWN : duration(now.value - since)}</span>
    </div>
  );
}

/** A wedged agent keeps beating: what counts is when its task last told of anything. */
function Progress({ agent }: { agent: Agent }) {
  const pace = progress(agent);
  if (pace === "fine") return null;
  return (
    <div class={`card-progress tone-${pace === "slow" ? "wait" : "bad"}`}>
      No progress for {duration((agent.no_progress_seconds ?? 0) * 1000)}
    </div>
  );
}

export function AgentCard({ agent, href, chosen, taskStartedAt }: AgentCardProps) {
  const look = statusLook(agent.derived_status);
  const stats = agent.stats_1h;
  const queue = stats.queue_depth;
  const identity = [agent.agent_type, agent.agent_version ? `v${agent.agent_version}` : null, agent.framework]
    .filter(Boolean)
    .map((part) => oneLine(String(part), 40));
  const card = (
    <a
      class={`card edge-${progress(agent) === "stalled" ? "bad" : look.tone}${chosen ? " chosen" : ""}`}
      href={href}
      data-nav=""
      aria-current={chosen ? "true" : undefined}
    >
      <div class="card-head">
        <ShapeMark shape={look.shape} tone={look.tone} />
        <bdi class="card-name" title={oneLine(agent.agent_id, 600)}>
          {oneLine(agent.agent_id, 120) || "(blank)"}
        </bdi>
        <span class={`card-status tone-${look.tone}`}>{look.word}</span>
      </div>
      <CurrentTask agent={agent} startedAt={taskStartedAt} />
      <Progress agent={agent} />
      <div class="card-row">
        <Bars values={agent.sparkline_1h} label="Activity in the last hour" />
        <span class="grow" />
        {queue ? (
          <span class={`badge${queue > 5 ? " tone-wait" : ""}`} title={`${queue} waiting in the queue`}>
            Q <span class="num">{count(queue)}</span>
          </span>
        ) : null}
        {stats.active_issues > 0 ? (
          <span class="badge tone-bad" title="Active issues">
            <Icon name="alert" />
            <span class="num">{count(stats.active_issues)}</span>
            <span class="sr-only"> issues</span>
          </span>
        ) : null}
        <span class="num card-cost" title="Cost of the last hour">
          <Money
            usd={stats.total_cost}
            estimated={stats.estimated_cost}
            why={stats.llm_call_count === 0 ? "No LLM calls in the last hour" : undefined}
          />
          <span class="dim">/h</span>
        </span>
      </div>
      <div class="card-row card-foot">
        <Heartbeat agent={agent} />
        <span class="card-identity dim">
          <bdi>{identity.join(" · ")}</bdi>
        </span>
      </div>
    </a>
  );
  const label = `Open ${oneLine(agent.agent_id, 80)} on its own page`;
  return (
    <div class="card-box">
      {card}
      <a class="card-open" href={detailHref("agent", agent.agent_id)} aria-label={label} title={label}>
        <Icon name="open" />
      </a>
    </div>
  );
}
