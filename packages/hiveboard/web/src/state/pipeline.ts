/** What waits, gathered over the fleet: issues and approvals at once, the rest agent by agent. */

import { addressable, ApiError, get } from "../api/client";
import type { AgentPipeline, Approval, FleetPipeline, Issue, QueueState, ScheduledItem, Todo } from "../api/types";
import { encode } from "../router";

type With<T> = T & { agent: string };

export interface Waiting {
  issues: With<Issue>[];
  approvals: With<Approval>[];
  queues: With<{ queue: QueueState }>[];
  todos: With<Todo>[];
  scheduled: With<ScheduledItem>[];
}

/** Requests under way at the same time. */
const AT_ONCE = 6;

/** Null for an agent that is gone by now: one of them must not empty the page. */
async function ofAgent(id: string, abort: AbortSignal): Promise<AgentPipeline | null> {
  try {
    return await get<AgentPipeline>(`agents/${encode(id)}/pipeline`, {}, abort);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

export async function readPipeline(ids: readonly string[], abort: AbortSignal): Promise<Waiting> {
  const fleet = await get<FleetPipeline>("pipeline", {}, abort);
  const shown = new Set(ids);
  const busy = fleet.agents.filter(
    (row) =>
      shown.has(row.agent_id) &&
      addressable(row.agent_id) &&
      (row.queue_depth !== null || row.active_todos > 0 || row.scheduled_count > 0),
  );
  const parts: AgentPipeline[] = [];
  for (let at = 0; at < busy.length; at += AT_ONCE) {
    const group = busy.slice(at, at + AT_ONCE);
    const answers = await Promise.all(group.map((row) => ofAgent(row.agent_id, abort)));
    parts.push(...answers.filter((part) => part !== null));
  }
  const ours = <T extends { agent_id: string }>(items: readonly T[]) =>
    items.filter((item) => shown.has(item.agent_id)).map((item) => ({ ...item, agent: item.agent_id }));
  const each = <T extends object>(pick: (part: AgentPipeline) => readonly T[]) =>
    parts.flatMap((part) =>
      pick(part)
        .filter(isRecord)
        .map((item) => ({ ...item, agent: part.agent_id })),
    );
  return {
    issues: ours(fleet.issues).sort((a, b) => weight(a.severity) - weight(b.severity)),
    approvals: ours(fleet.approvals),
    queues: parts.flatMap((part) => (part.queue ? [{ queue: part.queue, agent: part.agent_id }] : [])),
    todos: each((part) => part.todos),
    scheduled: each((part) => part.scheduled),
  };
}

/** Items are shown as agents sent them, and an agent may send anything. */
function isRecord(value: unknown): boolean {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

const SEVERITIES = ["critical", "high", "medium", "low"];

function weight(severity: string | null): number {
  const at = SEVERITIES.indexOf(severity ?? "");
  return at < 0 ? SEVERITIES.length : at;
}
