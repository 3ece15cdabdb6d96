/** One agent on the wall: its name, how it is, and the one fact that matters about that. */

import type { Agent } from "../api/types";
import { duration, instant, oneLine } from "../format";
import { progress, statusLook } from "../model/status";
import { detailHref } from "../router";
import { now } from "../state/clock";
import { heartbeatAge } from "../state/fleet";
import { ShapeMark } from "./Marks";

/** What a person across the room wants to know next. */
function fact(agent: Agent, failure: string | null): string {
  const since = instant(agent.current_task_started_at);
  // A time is not broken over two lines.
  const running = since === null ? "" : duration(now.value - since).replaceAll(" ", "\u00a0");
  const task = agent.current_task_id ? oneLine(agent.current_task_id, 60) : "";
  const silent = heartbeatAge(agent, now.value);
  if (agent.derived_status === "error") return failure ? oneLine(failure, 200) : "Its last run failed";
  if (agent.derived_status === "stuck") return silent === null ? "No heartbeat" : `No heartbeat for ${duration(silent * 1000)}`;
  if (progress(agent) === "stalled") return `No progress for ${duration((agent.no_progress_seconds ?? 0) * 1000)}`;
  return [task, running].filter(Boolean).join(" · ");
}

export function WallAgent({ agent, failure }: { agent: Agent; failure: string | null }) {
  const look = statusLook(agent.derived_status);
  const stalled = progress(agent) === "stalled";
  const tone = stalled ? "bad" : look.tone;
  return (
    <a class={`wall-agent edge-${tone}`} href={detailHref("agent", agent.agent_id)}>
      <span class="wall-agent-head">
        <ShapeMark shape={look.shape} tone={tone} />
        <bdi class="wall-agent-name">{oneLine(agent.agent_id, 80) || "(blank)"}</bdi>
      </span>
      <span class="wall-agent-fact">
        <span class={`wall-agent-status tone-${tone}`}>{look.word}</span> <bdi>{fact(agent, failure)}</bdi>
      </span>
    </a>
  );
}
