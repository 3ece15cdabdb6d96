/** What waits: problems and people, who can be answered here; queues, to-dos, the schedule. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { FleetPipeline, QueueState } from "../api/pipeline";
import { count, duration, instant, plain, span } from "../format";
import { asArray, asObject, asText } from "../model/json";
import { Approvals } from "../parts/Approvals";
import { Issues } from "../parts/Issues";
import { AgentLink, List, severityTone, Word } from "../parts/Listing";
import { Main } from "../parts/Main";
import { Failed, Loading, Nothing, Outdated } from "../parts/States";
import { Age } from "../parts/Text";
import { environment, project } from "../router";
import { readPipeline } from "../state/pipeline";
import { useKept, useResource } from "../state/resource";

function oldest(queue: QueueState): string {
  if (queue.oldest_age_seconds !== null && queue.oldest_age_seconds !== undefined) return span(queue.oldest_age_seconds);
  const times = asArray(queue.items)
    .map((item) => instant(asText(asObject(item)["queued_at"])))
    .filter((time): time is number => time !== null);
  return times.length > 0 ? span((Date.now() - Math.min(...times)) / 1000) : "–";
}

/** What an item of a queue is called; agents may send anything as an item. */
function named(item: unknown): unknown {
  const { summary, id } = asObject(item);
  return summary ?? id ?? asText(item);
}

function Queues({ items }: { items: FleetPipeline["queues"] }) {
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
          <span class="num">{oldest(queue)}</span>,
          <span class="wrap">
            <bdi>{plain(named(asArray(queue.items)[0]))}</bdi>
          </span>,
          <span class="wrap">
            <bdi>
              {plain(named(queue.processing))}
              {typeof queue.processing?.elapsed_ms === "number" ? ` · ${duration(queue.processing.elapsed_ms)}` : ""}
            </bdi>
          </span>,
          <Age at={queue.snapshot_at} />,
        ],
      }))}
    />
  );
}

function Todos({ items, total }: { items: FleetPipeline["todos"]; total: number }) {
  return (
    <List
      title="To-dos"
      total={total}
      empty="No open to-dos."
      heads={["To-do", "State", "Priority", "Agent", "Source", "Due", "Changed"]}
      rows={items.map((item) => ({
        key: `${item.agent_id}\n${item.todo_id}`,
        cells: [
          <span class="wrap">
            <bdi>{plain(item.summary ?? item.todo_id)}</bdi>
          </span>,
          <span class={item.action === "failed" ? "tone-bad" : ""}>
            {item.action === "created" ? "open" : plain(item.action)}
          </span>,
          <Word tone={severityTone(item.priority)} text={plain(item.priority)} />,
          <AgentLink id={item.agent_id} />,
          <bdi>{plain(item.source)}</bdi>,
          <bdi>{plain(item.due_by)}</bdi>,
          <Age at={item.timestamp} />,
        ],
      }))}
    />
  );
}

function when(value: unknown): ComponentChildren {
  const text = asText(value);
  return text !== null && instant(text) !== null ? <Age at={text} /> : <bdi>{plain(text)}</bdi>;
}

function Schedule({ items, total }: { items: FleetPipeline["scheduled"]; total: number }) {
  return (
    <List
      title="Schedule"
      total={total}
      empty="Nothing is scheduled."
      heads={["What", "Agent", "Every", "Next", "Last", "Last result"]}
      rows={items.map((item, index) => ({
        key: `${item.agent_id}\n${item.id ?? item.name ?? index}`,
        cells: [
          <span class="wrap">
            <bdi>{plain(item.name ?? item.id)}</bdi>
            {item.enabled === false ? <span class="badge">off</span> : null}
          </span>,
          <AgentLink id={item.agent_id} />,
          <bdi>{plain(item.interval)}</bdi>,
          when(item.next_run),
          when(item.last_run),
          <span class={["failed", "failure"].includes(item.last_status ?? "") ? "tone-bad" : ""}>
            {plain(item.last_status ?? item.status)}
          </span>,
        ],
      }))}
    />
  );
}

const LISTS = ["issues", "approvals", "queues", "todos", "scheduled"] as const;

export default function Pipeline() {
  const scope = [project.value, environment.value] as const;
  const resource = useResource<FleetPipeline>(`pipeline ${JSON.stringify(scope)}`, (abort) => readPipeline(...scope, abort));
  const answer = useKept(resource.data.value, resource.error.value);
  const error = resource.error.value;
  const [acted, setActed] = useState(false);
  const begin = () => setActed(true);
  return (
    <Main kind="page page-scroll">
      <div class="toolbar">
        <h1>Pipeline</h1>
      </div>
      {error && answer ? <Outdated error={error} retry={resource.reload} /> : null}
      {!answer ? (
        error ? (
          <Failed error={error} retry={resource.reload} />
        ) : (
          <Loading />
        )
      ) : !acted && LISTS.every((name) => answer[name].length === 0) ? (
        <Nothing title="Nothing waits">
          <p class="dim">Issues, approvals, queues, to-dos and schedules that agents report appear here.</p>
        </Nothing>
      ) : (
        <>
          <Approvals items={answer.approvals} total={answer.totals.pending_approvals} begin={begin} changed={resource.reload} />
          <Issues items={answer.issues} total={answer.totals.active_issues} begin={begin} changed={resource.reload} />
          <Queues items={answer.queues} />
          <Todos items={answer.todos} total={answer.totals.active_todos} />
          <Schedule items={answer.scheduled} total={answer.totals.scheduled_count} />
        </>
      )}
    </Main>
  );
}
