/** Work to come: to-dos and the schedule. */

import type { ScheduledItem, Todo } from "../api/pipeline";
import { plain } from "../format";
import { asText } from "../model/json";
import { bySoonest, nextRun } from "../model/schedule";
import { now } from "../state/clock";
import { AgentLink, List, severityTone, Word } from "./Listing";
import { Age } from "./Text";

interface TodosProps {
  items: readonly Todo[];
  total: number;
  /** On the page of their agent. */
  own?: boolean;
}

export function Todos({ items, total, own = false }: TodosProps) {
  return (
    <List
      title="To-dos"
      total={total}
      empty="No open to-dos."
      heads={["To-do", "State", "Priority", ...(own ? [] : ["Agent"]), "Source", "Due", "Open since", "Changed"]}
      rows={items.map((item) => ({
        key: `${item.agent_id}\n${item.todo_id}`,
        cells: [
          <span class="wrap">
            <bdi>{plain(item.summary ?? item.todo_id)}</bdi>
            {asText(item.context) === null ? null : <bdi class="dim"> {plain(item.context)}</bdi>}
          </span>,
          <span class={item.action === "failed" ? "tone-bad" : ""}>{item.action === "created" ? "open" : plain(item.action)}</span>,
          <Word tone={severityTone(asText(item.priority))} text={plain(item.priority)} />,
          ...(own ? [] : [<AgentLink id={item.agent_id} />]),
          <bdi>{plain(item.source)}</bdi>,
          <Moment at={item.due_by} />,
          <Age at={item.created_at} />,
          <Age at={item.timestamp} />,
        ],
      }))}
    />
  );
}

/** A time as an age, anything else as it was sent. */
function Moment({ at }: { at: unknown }) {
  const text = asText(at);
  return text !== null && !Number.isNaN(Date.parse(text)) ? <Age at={text} /> : <bdi>{plain(text)}</bdi>;
}

function NextRun({ item }: { item: ScheduledItem }) {
  if (item.enabled === false) return <span class="badge">off</span>;
  const next = nextRun(item, now.value);
  if (next === null) return <Moment at={item.next_run} />;
  const at = new Date(next.at).toISOString();
  return (
    <span title={next.reckoned ? "Reckoned from the last run and the interval" : undefined}>
      {next.reckoned ? <span class="dim">~</span> : null}
      <Age at={at} />
      {next.overdue ? <span class="badge tone-wait">overdue</span> : null}
    </span>
  );
}

/** The items an agent sent may be anything; those without a name stand under their id. */
export function Schedule({ items, total, own = false }: { items: readonly ScheduledItem[]; total: number; own?: boolean }) {
  const rows = [...items].sort(bySoonest(now.value));
  return (
    <List
      title="Schedule"
      total={total}
      empty="Nothing is scheduled."
      heads={["What", ...(own ? [] : ["Agent"]), "Every", "Next run", "Last run", "Last result"]}
      rows={rows.map((item, index) => ({
        key: `${item.agent_id}\n${item.id ?? item.name ?? index}`,
        cells: [
          <span class="wrap">
            <bdi>{plain(item.name ?? item.id)}</bdi>
          </span>,
          ...(own ? [] : [<AgentLink id={item.agent_id} />]),
          <bdi>{typeof item.interval === "number" ? `${item.interval} s` : plain(item.interval)}</bdi>,
          <NextRun item={item} />,
          <Moment at={item.last_run} />,
          <span class={["failed", "failure", "error"].includes(asText(item.last_status) ?? "") ? "tone-bad" : ""}>
            {plain(item.last_status ?? item.status)}
          </span>,
        ],
      }))}
    />
  );
}
