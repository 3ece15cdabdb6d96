/** One agent: what it is, how it lives, what it did in a day, and what waits for it. */

import type { AgentDetail, AgentPipeline, VersionSums } from "../api/agent";
import { get, serverNow } from "../api/client";
import { ago, exact, oneLine } from "../format";
import { troubles } from "../model/heartbeat";
import { heartbeatTone, statusLook } from "../model/status";
import { TASK_SORTS } from "../model/task";
import { DayInCourses, DayInNumbers, Versions } from "../parts/AgentNumbers";
import { AgentWaiting } from "../parts/AgentWaiting";
import { Heartbeats } from "../parts/Heartbeats";
import { Main } from "../parts/Main";
import { Icon, StatusMark } from "../parts/Marks";
import { Failed, Loaded, Loading, Nothing } from "../parts/States";
import { TaskTable } from "../parts/TaskTable";
import { Age, CopyButton, Fact, Id } from "../parts/Text";
import { route, runHref, setQuery, viewHref } from "../router";
import { now } from "../state/clock";
import type { Pulse } from "../state/live";
import { readPipeline } from "../state/pipeline";
import { useResource } from "../state/resource";
import { useTasks } from "../state/tasks";

interface Answer {
  agent: AgentDetail;
  pipeline: AgentPipeline;
  versions: VersionSums[];
  /** By the collector's clock, in milliseconds. */
  at: number;
}

/** No path can hold `.` or `..`; of such an agent the fleet's lists are read. */
async function pipelineOf(id: string, abort: AbortSignal): Promise<AgentPipeline> {
  if (!/^\.\.?$/.test(id)) return get<AgentPipeline>(`agents/${encodeURIComponent(id)}/pipeline`, {}, abort);
  const all = await readPipeline("", "", abort);
  const mine = <T extends { agent_id: string }>(rows: readonly T[]) => rows.filter((row) => row.agent_id === id);
  return {
    queue: mine(all.queues)[0] ?? null,
    todos: mine(all.todos),
    scheduled: mine(all.scheduled),
    issues: mine(all.issues),
    approvals: mine(all.approvals),
  };
}

async function read(id: string, abort: AbortSignal): Promise<Answer> {
  const [agent, pipeline, metrics] = await Promise.all([
    get<AgentDetail>("agents/detail", { agent_id: id }, abort),
    pipelineOf(id, abort),
    get<{ groups?: VersionSums[] | null }>("metrics", { agent_id: id, range: "30d", group_by: "version" }, abort),
  ]);
  return { agent, pipeline, versions: metrics.groups ?? [], at: serverNow() };
}

function touches(id: string): (pulse: Pulse) => boolean {
  return (pulse) =>
    pulse.kind === "resync" || (pulse.kind === "agent" ? pulse.agentId === id : pulse.event.agent_id === id);
}

function Names({ names }: { names: readonly string[] | undefined }) {
  if (!names || names.length === 0) return <span class="dim">–</span>;
  const shown = names.slice(0, 6).map((name) => oneLine(name, 60) || "(blank)");
  return <bdi class="wrap">{shown.join(", ") + (names.length > 6 ? ` and ${names.length - 6} more` : "")}</bdi>;
}

function Identity({ agent, silent }: { agent: AgentDetail; silent: number | null }) {
  return (
    <dl class="panel facts-grid">
      <Fact label="Type">
        <Id value={agent.agent_type} />
      </Fact>
      <Fact label="Version">
        <Id value={agent.agent_version} />
      </Fact>
      <Fact label="Framework">
        <Id value={agent.framework} />
      </Fact>
      <Fact label="Runtime">
        <Id value={agent.runtime} />
      </Fact>
      <Fact label="SDK">
        <Id value={agent.sdk_version} />
      </Fact>
      <Fact label="Environments">
        <Names names={agent.environments ?? [agent.environment]} />
      </Fact>
      <Fact label="Groups">
        <Names names={agent.groups ?? [agent.group]} />
      </Fact>
      <Fact label="Projects">
        <Names names={agent.projects} />
      </Fact>
      <Fact label="Last heartbeat" tone={heartbeatTone(agent, silent)}>
        <span class="num" title={exact(agent.last_heartbeat)}>
          {silent === null ? "none" : ago(silent)}
        </span>
      </Fact>
      <Fact label="First seen">
        <Age at={agent.first_seen} />
      </Fact>
      <Fact label="Last seen">
        <Age at={agent.last_seen} />
      </Fact>
      <Fact label="At work on">
        {agent.current_task_id ? (
          <a href={runHref(agent.current_task_id, agent.current_task_run_id ?? null)}>
            <Id value={agent.current_task_id} />
          </a>
        ) : (
          <span class="dim">–</span>
        )}
      </Fact>
    </dl>
  );
}

function Tasks({ list }: { list: ReturnType<typeof useTasks> }) {
  const { query } = route.value;
  const rows = list.rows.value;
  const sort = TASK_SORTS.find((name) => name === query["sort"]) ?? "newest";
  return (
    <section class="panel agent-tasks" aria-label="Its tasks" style={{ "--rows": String(rows?.length || 2) }}>
      <header class="pane-head">
        <h2>Tasks</h2>
        <span class="grow" />
        <a class="button quiet" href={viewHref("tasks", { agent: route.value.id ?? "" })}>
          All its tasks
        </a>
      </header>
      {rows === null ? (
        list.error.value ? (
          <Failed error={list.error.value} retry={list.reload} />
        ) : (
          <Loading />
        )
      ) : rows.length === 0 ? (
        <p class="note dim">It has run no task yet.</p>
      ) : (
        <TaskTable
          rows={rows}
          sort={sort}
          keys
          onSort={(next) => setQuery({ sort: next === "newest" ? "" : next })}
          onEnd={() => void list.older()}
        />
      )}
    </section>
  );
}

function Body({ answer, changed }: { answer: Answer; changed: () => void }) {
  const { agent } = answer;
  const age = agent.heartbeat_age_seconds;
  const silent = age === null ? null : Math.max(0, age + (now.value - answer.at) / 1000);
  const { query } = route.value;
  const list = useTasks({
    project: "",
    environment: "",
    agent: agent.agent_id,
    type: "",
    status: "",
    q: "",
    sort: TASK_SORTS.find((name) => name === query["sort"]) ?? "newest",
  });
  const lost = list.rows.value?.filter((row) => row.derived_status === "lost").length ?? 0;
  const notes = troubles(agent, silent, lost);
  return (
    <>
      {notes.length > 0 ? (
        <ul class="troubles">
          {notes.map((note) => (
            <li key={note.text} class={`tone-${note.tone}`}>
              <Icon name="alert" />
              <bdi class="wrap">{note.text}</bdi>
            </li>
          ))}
        </ul>
      ) : null}
      <Identity agent={agent} silent={silent} />
      <DayInNumbers agent={agent} />
      <DayInCourses agent={agent} />
      <Heartbeats agent={agent} />
      <Tasks list={list} />
      <AgentWaiting agentId={agent.agent_id} pipeline={answer.pipeline} changed={changed} />
      <Versions rows={answer.versions} current={agent.agent_version} />
    </>
  );
}

export default function Agent() {
  const id = route.value.id ?? "";
  const resource = useResource<Answer>(id, (abort) => read(id, abort), touches(id));
  const answer = resource.data.value;
  if (!id) return <Nothing title="No agent chosen" />;
  return (
    <Main key={id} kind={`page page-scroll page-agent edge-${statusLook(answer?.agent.derived_status).tone}`}>
      <a class="back dim" href={viewHref("fleet", { agent: id })}>
        ← Fleet
      </a>
      <div class="toolbar">
        <h1>
          <Id value={id} />
        </h1>
        {answer ? <StatusMark status={answer.agent.derived_status} /> : null}
        <CopyButton quiet label="Copy link to this agent" text={() => location.href} />
        <span class="grow" />
        <a class="button" href={viewHref("costs", { agent: id })}>
          Costs
        </a>
        <a class="button" href={viewHref("activity", { agent: id })}>
          Activity
        </a>
      </div>
      <Loaded from={resource} data={answer}>
        {(answer) => <Body answer={answer} changed={resource.reload} />}
      </Loaded>
    </Main>
  );
}
