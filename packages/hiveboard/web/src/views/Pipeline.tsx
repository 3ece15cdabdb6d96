/** What waits: problems, people, queues, to-dos, the schedule. Read-only. */

import type { ComponentChildren } from "preact";
import type { FleetPipeline, QueueState } from "../api/pipeline";
import { count, duration, instant, oneLine, plain, span } from "../format";
import { asArray, asObject, asText } from "../model/json";
import type { Tone } from "../model/status";
import { Main } from "../parts/Main";
import { Failed, Loading, Nothing, Outdated } from "../parts/States";
import { Age, Id } from "../parts/Text";
import { environment, project, runHref, viewHref } from "../router";
import { readPipeline } from "../state/pipeline";
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

/** A word of an agent's own as a badge, never wider than its column. */
function Word({ tone, text }: { tone: Tone; text: string }) {
  return (
    <bdi class={`badge word tone-${tone}`} title={oneLine(text, 600)}>
      {oneLine(text, 60)}
    </bdi>
  );
}

interface ListProps {
  title: string;
  /** How many there are; the collector sends the first few hundred. */
  total: number;
  empty: string;
  heads: readonly string[];
  rows: readonly { key: string; cells: readonly ComponentChildren[] }[];
}

/** A panel with a table; on a narrow window each row becomes a stack with its heads as labels. */
function List({ title, total, empty, heads, rows }: ListProps) {
  return (
    <section class="panel">
      <header class="pane-head">
        <h2>{title}</h2>
        <span class="num dim">{rows.length < total ? `${rows.length} of ${count(total)}` : rows.length}</span>
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

function Issues({ items, total }: { items: FleetPipeline["issues"]; total: number }) {
  return (
    <List
      title="Issues"
      total={total}
      empty="No open issues."
      heads={["Severity", "Issue", "Agent", "Category", "Times", "First seen", "Last seen"]}
      rows={items.map((item, index) => ({
        key: `${item.agent_id}\n${item.issue_id ?? item.summary ?? index}`,
        cells: [
          <Word tone={severityTone(item.severity)} text={plain(item.severity)} />,
          <span class="wrap">
            <bdi>{plain(item.summary)}</bdi>
            {item.status === "regressed" ? <span class="badge tone-wait">regressed</span> : null}
          </span>,
          <AgentLink id={item.agent_id} />,
          <bdi>{plain(item.category)}</bdi>,
          <span class="num">{count(item.occurrences ?? item.occurrence_count)}</span>,
          <Age at={item.first_seen} />,
          <Age at={item.last_seen ?? item.timestamp} />,
        ],
      }))}
    />
  );
}

function Approvals({ items, total }: { items: FleetPipeline["approvals"]; total: number }) {
  return (
    <List
      title="Waiting for approval"
      total={total}
      empty="Nobody waits for a decision."
      heads={["Asks", "Who decides", "Agent", "Task", "Since"]}
      rows={items.map((item, index) => ({
        key: item.approval_id ?? `${item.agent_id}\n${index}`,
        cells: [
          <span class="wrap">
            <bdi>{plain(item.summary ?? item.reason)}</bdi>
          </span>,
          <bdi>{plain(item.approver)}</bdi>,
          <AgentLink id={item.agent_id} />,
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
      ) : LISTS.every((name) => answer[name].length === 0) ? (
        <Nothing title="Nothing waits">
          <p class="dim">Issues, approvals, queues, to-dos and schedules that agents report appear here.</p>
        </Nothing>
      ) : (
        <>
          <Issues items={answer.issues} total={answer.totals.active_issues} />
          <Approvals items={answer.approvals} total={answer.totals.pending_approvals} />
          <Queues items={answer.queues} />
          <Todos items={answer.todos} total={answer.totals.active_todos} />
          <Schedule items={answer.scheduled} total={answer.totals.scheduled_count} />
        </>
      )}
    </Main>
  );
}
