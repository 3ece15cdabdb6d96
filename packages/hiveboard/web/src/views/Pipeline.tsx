/** What waits: problems, people, queues, to-dos, the schedule. Read-only. */

import type { ComponentChildren } from "preact";
import type { QueueState } from "../api/types";
import { count, duration, instant, plain, span } from "../format";
import { asText } from "../model/json";
import type { Tone } from "../model/status";
import { Main } from "../parts/Main";
import { Failed, Loading, Nothing, Outdated } from "../parts/States";
import { Age, Id } from "../parts/Text";
import { runHref, viewHref } from "../router";
import { agents } from "../state/fleet";
import { readPipeline, type Waiting } from "../state/pipeline";
import { useKept, useResource } from "../state/resource";

function severityTone(severity: string | null): Tone {
  return severity === "critical" || severity === "high" ? "bad" : severity === "medium" ? "wait" : "none";
}

function AgentLink({ id }: { id: string }) {
  return (
    <a href={viewHref("fleet", { agent: id })}>
      <Id value={id} />
    </a>
  );
}

interface ListProps {
  title: string;
  empty: string;
  heads: readonly string[];
  rows: readonly { key: string; cells: readonly ComponentChildren[] }[];
}

/** A panel with a table; on a narrow window each row becomes a stack with its heads as labels. */
function List({ title, empty, heads, rows }: ListProps) {
  return (
    <section class="panel">
      <header class="pane-head">
        <h2>{title}</h2>
        <span class="num dim">{rows.length}</span>
      </header>
      {rows.length === 0 ? (
        <p class="note dim">{empty}</p>
      ) : (
        <table class="table stack">
          <thead>
            <tr>
              {heads.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.key}>
                {row.cells.map((cell, index) => (
                  <td key={heads[index]} data-head={heads[index]}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Issues({ items }: { items: Waiting["issues"] }) {
  return (
    <List
      title="Issues"
      empty="No open issues."
      heads={["Severity", "Issue", "Agent", "Category", "Times", "First seen", "Last seen"]}
      rows={items.map((item, index) => ({
        key: `${item.agent}\n${item.issue_id ?? item.summary ?? index}`,
        cells: [
          <span class={`badge tone-${severityTone(item.severity)}`}>{plain(item.severity)}</span>,
          <span class="wrap">
            <bdi>{plain(item.summary)}</bdi>
            {item.status === "regressed" ? <span class="badge tone-wait">regressed</span> : null}
          </span>,
          <AgentLink id={item.agent} />,
          <bdi>{plain(item.category)}</bdi>,
          <span class="num">{count(item.occurrences ?? item.occurrence_count)}</span>,
          <Age at={item.first_seen} />,
          <Age at={item.last_seen ?? item.timestamp} />,
        ],
      }))}
    />
  );
}

function Approvals({ items }: { items: Waiting["approvals"] }) {
  return (
    <List
      title="Waiting for approval"
      empty="Nobody waits for a decision."
      heads={["Asks", "Who decides", "Agent", "Task", "Since"]}
      rows={items.map((item, index) => ({
        key: item.approval_id ?? `${item.agent}\n${index}`,
        cells: [
          <span class="wrap">
            <bdi>{plain(item.summary ?? item.reason)}</bdi>
          </span>,
          <bdi>{plain(item.approver)}</bdi>,
          <AgentLink id={item.agent} />,
          item.task_id ? (
            <a href={runHref(item.task_id, item.task_run_id ?? null)}>
              <Id value={item.task_id} />
            </a>
          ) : (
            <span class="dim">–</span>
          ),
          <Age at={item.requested_at ?? item.timestamp} />,
        ],
      }))}
    />
  );
}

function oldest(queue: QueueState): string {
  if (queue.oldest_age_seconds !== null && queue.oldest_age_seconds !== undefined) return span(queue.oldest_age_seconds);
  const times = (queue.items ?? [])
    .map((item) => instant(asText(item.queued_at)))
    .filter((time): time is number => time !== null);
  return times.length > 0 ? span((Date.now() - Math.min(...times)) / 1000) : "–";
}

function Queues({ items }: { items: Waiting["queues"] }) {
  return (
    <List
      title="Queues"
      empty="No agent has told of a queue."
      heads={["Agent", "Depth", "Oldest", "Next", "In hand", "Told"]}
      rows={items.map(({ agent, queue }) => ({
        key: agent,
        cells: [
          <AgentLink id={agent} />,
          <span class={`num${(queue.depth ?? 0) > 5 ? " tone-wait" : ""}`}>{count(queue.depth)}</span>,
          <span class="num">{oldest(queue)}</span>,
          <span class="wrap">
            <bdi>{plain(queue.items?.[0]?.summary ?? queue.items?.[0]?.id)}</bdi>
          </span>,
          <span class="wrap">
            <bdi>
              {queue.processing
                ? `${plain(queue.processing.summary ?? queue.processing.id)}${queue.processing.elapsed_ms === undefined ? "" : ` · ${duration(queue.processing.elapsed_ms)}`}`
                : "–"}
            </bdi>
          </span>,
          <Age at={queue.snapshot_at} />,
        ],
      }))}
    />
  );
}

function Todos({ items }: { items: Waiting["todos"] }) {
  return (
    <List
      title="To-dos"
      empty="No open to-dos."
      heads={["To-do", "State", "Priority", "Agent", "Source", "Due", "Changed"]}
      rows={items.map((item) => ({
        key: `${item.agent}\n${item.todo_id}`,
        cells: [
          <span class="wrap">
            <bdi>{plain(item.summary ?? item.todo_id)}</bdi>
          </span>,
          <span class={item.action === "failed" ? "tone-bad" : ""}>
            {item.action === "created" ? "open" : plain(item.action)}
          </span>,
          <span class={`badge tone-${severityTone(item.priority)}`}>{plain(item.priority)}</span>,
          <AgentLink id={item.agent} />,
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

function Schedule({ items }: { items: Waiting["scheduled"] }) {
  return (
    <List
      title="Schedule"
      empty="Nothing is scheduled."
      heads={["What", "Agent", "Every", "Next", "Last", "Last result"]}
      rows={items.map((item, index) => ({
        key: `${item.agent}\n${item.id ?? item.name ?? index}`,
        cells: [
          <span class="wrap">
            <bdi>{plain(item.name ?? item.id)}</bdi>
            {item.enabled === false ? <span class="badge">off</span> : null}
          </span>,
          <AgentLink id={item.agent} />,
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

export default function Pipeline() {
  const ids = agents.value.map((agent) => agent.agent_id).sort();
  const resource = useResource<Waiting>(`pipeline ${JSON.stringify(ids)}`, (abort) => readPipeline(ids, abort));
  const answer = useKept(resource.data.value);
  const error = resource.error.value;
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
      ) : Object.values(answer).every((list) => list.length === 0) ? (
        <Nothing title="Nothing waits">
          <p class="dim">Issues, approvals, queues, to-dos and schedules that agents report appear here.</p>
        </Nothing>
      ) : (
        <>
          <Issues items={answer.issues} />
          <Approvals items={answer.approvals} />
          <Queues items={answer.queues} />
          <Todos items={answer.todos} />
          <Schedule items={answer.scheduled} />
        </>
      )}
    </Main>
  );
}
