/** What waits around one agent: approvals, issues, its queue, to-dos, its schedule. */

import type { AgentPipeline } from "../api/agent";
import { count, plain } from "../format";
import { asArray, asObject, asText } from "../model/json";
import { Approvals } from "./Approvals";
import { Issues } from "./Issues";
import { List, severityTone, Word } from "./Listing";
import { Age } from "./Text";

function Queue({ queue }: { queue: NonNullable<AgentPipeline["queue"]> }) {
  const items = asArray(queue.items).map(asObject);
  return (
    <List
      title="Queue"
      total={Math.max(queue.depth ?? 0, items.length)}
      empty="The queue is empty."
      heads={["Next", "Priority", "Source", "Queued"]}
      rows={items.slice(0, 50).map((item, index) => ({
        key: String(index),
        cells: [
          <bdi class="wrap">{plain(item["summary"] ?? item["id"])}</bdi>,
          <Word tone={severityTone(asText(item["priority"]))} text={plain(item["priority"])} />,
          <bdi>{plain(item["source"])}</bdi>,
          <Age at={asText(item["queued_at"])} />,
        ],
      }))}
    />
  );
}

export function AgentWaiting({ pipeline, changed }: { pipeline: AgentPipeline; changed: () => void }) {
  const { queue, todos, issues, approvals } = pipeline;
  const scheduled = asArray(pipeline.scheduled);
  const idle = () => undefined;
  if (!queue && todos.length + issues.length + approvals.length + scheduled.length === 0)
    return (
      <section class="panel">
        <p class="note dim">Nothing waits around this agent: no queue, issue, approval, to-do or schedule.</p>
      </section>
    );
  return (
    <>
      {approvals.length > 0 ? <Approvals items={approvals} total={approvals.length} begin={idle} changed={changed} /> : null}
      {issues.length > 0 ? <Issues items={issues} total={issues.length} begin={idle} changed={changed} /> : null}
      {queue ? <Queue queue={queue} /> : null}
      {todos.length > 0 ? (
        <List
          title="To-dos"
          total={todos.length}
          empty=""
          heads={["To-do", "State", "Priority", "Changed"]}
          rows={todos.map((todo) => ({
            key: todo.todo_id,
            cells: [
              <bdi class="wrap">{plain(todo.summary ?? todo.todo_id)}</bdi>,
              <bdi>{todo.action === "created" ? "open" : plain(todo.action)}</bdi>,
              <Word tone={severityTone(asText(todo.priority))} text={plain(todo.priority)} />,
              <Age at={todo.timestamp} />,
            ],
          }))}
        />
      ) : null}
      {scheduled.length > 0 ? (
        <List
          title="Schedule"
          total={scheduled.length}
          empty=""
          heads={["What", "Every", "Last result"]}
          rows={scheduled.slice(0, 100).map((item, index) => {
            const told = typeof item === "string" ? { name: item } : asObject(item);
            const at = (name: string) => plain(asObject(told)[name]);
            return {
              key: String(index),
              cells: [
                <bdi class="wrap">{plain(asObject(told)["name"] ?? asObject(told)["id"])}</bdi>,
                <bdi>{at("interval")}</bdi>,
                <bdi>{at("last_status")}</bdi>,
              ],
            };
          })}
        />
      ) : null}
      {queue && asArray(queue.items).length > 50 ? <p class="note dim">{count(asArray(queue.items).length - 50)} more items wait.</p> : null}
    </>
  );
}
