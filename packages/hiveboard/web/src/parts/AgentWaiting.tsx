/** What waits around one agent: approvals, issues, its queue, to-dos, its schedule. */

import type { AgentPipeline } from "../api/agent";
import type { QueueState, ScheduledItem } from "../api/pipeline";
import { asArray, asObject } from "../model/json";
import { itemsOf } from "../model/queue";
import { Approvals } from "./Approvals";
import { Issues } from "./Issues";
import { Schedule, Todos } from "./Planned";
import { QueueItems, Queues } from "./Queues";

/** As the lists of the fleet have them: a mere text is a name, what else is no object is left out. */
function scheduleOf(agentId: string, told: AgentPipeline["scheduled"]): ScheduledItem[] {
  return asArray(told)
    .map((item) => (typeof item === "string" ? { name: item } : asObject(item)))
    .filter((item) => Object.keys(item).length > 0)
    .map((item) => ({ ...item, agent_id: agentId }));
}

interface Props {
  agentId: string;
  pipeline: AgentPipeline;
  changed: () => void;
}

export function AgentWaiting({ agentId, pipeline, changed }: Props) {
  const { todos, issues, approvals } = pipeline;
  const queue: QueueState | null = pipeline.queue && { ...pipeline.queue, agent_id: agentId };
  const scheduled = scheduleOf(agentId, pipeline.scheduled);
  const idle = () => undefined;
  if (!queue && todos.length + issues.length + approvals.length + scheduled.length === 0)
    return (
      <section class="panel">
        <p class="note dim">Nothing waits around this agent: no queue, issue, approval, to-do or schedule.</p>
      </section>
    );
  const items = queue ? itemsOf(queue) : [];
  return (
    <>
      {approvals.length > 0 ? <Approvals items={approvals} total={approvals.length} begin={idle} changed={changed} /> : null}
      {issues.length > 0 ? <Issues items={issues} total={issues.length} begin={idle} changed={changed} /> : null}
      {queue ? <Queues items={[queue]} /> : null}
      {items.length > 0 ? <QueueItems own title="In its queue" items={items} /> : null}
      {todos.length > 0 ? <Todos own items={todos} total={todos.length} /> : null}
      {scheduled.length > 0 ? <Schedule own items={scheduled} total={scheduled.length} /> : null}
    </>
  );
}
