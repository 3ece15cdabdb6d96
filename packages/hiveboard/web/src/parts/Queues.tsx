/** Work that waits: the queue of each agent, and what stands in them. */

import type { QueueState } from "../api/pipeline";
import { count, duration, instant, plain, span } from "../format";
import { asObject, asText } from "../model/json";
import { itemsOf, oldestSeconds, type Waiting } from "../model/queue";
import { now } from "../state/clock";
import { AgentLink, List, severityTone, Word } from "./Listing";
import { Age, Id } from "./Text";

/** As many as a person reads. */
const MOST = 100;

function next(queue: QueueState): string {
  const [first] = itemsOf(queue);
  if (first) return plain(first.summary ?? first.id);
  return (queue.depth ?? 0) > 0 ? "items not told" : "–";
}

/** What is being worked on, and for how long. */
function InHand({ queue }: { queue: QueueState }) {
  const told = asObject(queue.processing);
  const what = asText(told["summary"]) ?? asText(told["id"]) ?? asText(queue.processing);
  if (what === null) return <span class="dim">–</span>;
  const began = instant(asText(told["started_at"]));
  const elapsed = began === null ? told["elapsed_ms"] : now.value - began;
  return (
    <span class="wrap">
      <bdi>{plain(what)}</bdi>
      {typeof elapsed === "number" ? <span class="num dim"> · {duration(elapsed)}</span> : null}
    </span>
  );
}

export function Queues({ items }: { items: readonly QueueState[] }) {
  return (
    <List
      title="Queues"
      total={items.length}
      empty="No agent has told of a queue."
      heads={["Agent", "Depth", "Oldest", "Next", "In hand", "Told"]}
      rows={items.map((queue) => ({
        key: queue.agent_id,
        cells: [
          <AgentLink id={queue.agent_id} />,
          <span class={`num${(queue.depth ?? 0) > 5 ? " tone-wait" : ""}`}>{count(queue.depth)}</span>,
          <span class="num">{span(oldestSeconds(queue, now.value))}</span>,
          <span class="wrap">
            <bdi>{next(queue)}</bdi>
          </span>,
          <InHand queue={queue} />,
          <Age at={queue.snapshot_at} />,
        ],
      }))}
    />
  );
}

/** What stands in the queues; of one agent without its name. */
export function QueueItems({ items, title, own = false }: { items: readonly Waiting[]; title: string; own?: boolean }) {
  const cellsOf = (item: Waiting) => [
    <span class="wrap">
      <bdi>{plain(item.summary ?? item.id)}</bdi>
      {item.summary !== null && item.id !== null ? (
        <span class="dim">
          {" "}
          <Id value={item.id} limit={60} />
        </span>
      ) : null}
    </span>,
    <Word tone={severityTone(item.priority === "urgent" ? "high" : item.priority)} text={plain(item.priority)} />,
    ...(own ? [] : [<AgentLink id={item.agentId} />]),
    <bdi>{plain(item.source)}</bdi>,
    <Waits at={item.queuedAt} />,
  ];
  return (
    <List
      title={title}
      total={items.length}
      empty="Nothing stands in a queue."
      heads={["Item", "Priority", ...(own ? [] : ["Agent"]), "Source", "Waits"]}
      rows={items.slice(0, MOST).map((item) => ({ key: item.key, cells: cellsOf(item) }))}
    />
  );
}

/** How long something waits; the moment it began on hover. */
function Waits({ at }: { at: string | null }) {
  const began = instant(at);
  if (began === null) return <span class="dim">–</span>;
  return (
    <time class="num" dateTime={at ?? ""} title={plain(at)}>
      {span((now.value - began) / 1000)}
    </time>
  );
}
