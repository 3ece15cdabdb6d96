/** The landing page: agents by urgency, the fleet in numbers, the run that matters, its neighbours, and what happens right now. */

import { useRef } from "preact/hooks";
import { get } from "../api/client";
import type { Agent, Metrics, TaskRow } from "../api/types";
import type { FeedFilter } from "../model/feed";
import { needsAttention } from "../model/status";
import { mostTelling, rowKey, whyTelling, type TaskSort } from "../model/task";
import { AgentCard } from "../parts/AgentCard";
import { Main } from "../parts/Main";
import { Icon } from "../parts/Marks";
import { FeedList } from "../parts/FeedList";
import { Grip, Tabs, usePaneWidth } from "../parts/Panes";
import { Ribbon, TASK_STATUS_OF, Trends } from "../parts/Ribbon";
import { RunPanel } from "../parts/RunPanel";
import { Failed, Nothing } from "../parts/States";
import { TaskTable } from "../parts/TaskTable";
import { environment, go, project, route, setQuery, viewHref, withQuery } from "../router";
import { agents } from "../state/fleet";
import { useKeys } from "../state/keys";
import { narrow, wide } from "../state/media";
import { useKept, useResource } from "../state/resource";
import { useTasks } from "../state/tasks";
import { feedFilter } from "./Activity";

const TABS = [
  { id: "fleet", label: "Fleet" },
  { id: "run", label: "Run" },
  { id: "tasks", label: "Tasks" },
  { id: "activity", label: "Activity" },
] as const;

function shownAgents(all: readonly Agent[], show: string): readonly Agent[] {
  if (show === "attention") return all.filter(needsAttention);
  if (["processing", "waiting_approval", "stuck", "error"].includes(show))
    return all.filter((agent) => agent.derived_status === show);
  return all;
}

/** Moves the focus among the cards. */
function focusCard(by: number): void {
  const cards = [...document.querySelectorAll<HTMLElement>(".cards [data-nav]")];
  const at = cards.findIndex((card) => card === document.activeElement);
  cards[Math.min(cards.length - 1, Math.max(0, at + by))]?.focus();
}

/** Opens the page of the agent whose card has the focus, or is chosen. */
function openCard(): void {
  const box = document.activeElement?.closest(".card-box") ?? document.querySelector(".card.chosen")?.parentElement;
  const href = box?.querySelector(".card-open")?.getAttribute("href");
  if (href) go(href);
}

function Cards({ rows }: { rows: readonly TaskRow[] }) {
  const { query } = route.value;
  const list = shownAgents(agents.value, query["show"] ?? "");
  const startedAt = (agent: Agent) =>
    rows.find((row) => row.agent_id === agent.agent_id && row.task_id === agent.current_task_id)?.started_at ?? null;
  const hrefOf = (agent: Agent) =>
    withQuery({
      agent: query["agent"] === agent.agent_id ? "" : agent.agent_id,
      task: "",
      run: "",
      of: "",
      node: "",
      tab: narrow.value ? "run" : "",
    });
  return (
    <section class="pane cards" aria-label="Agents by urgency">
      <header class="pane-head">
        <h2>Fleet</h2>
        <span class="num dim">
          {list.length === agents.value.length ? list.length : `${list.length} of ${agents.value.length}`}
        </span>
        <span class="grow" />
        {query["show"] || query["agent"] ? (
          <a class="button quiet" href={withQuery({ show: "", agent: "", task: "", run: "", of: "", node: "" })}>
            Show all
          </a>
        ) : null}
        <a class="button quiet" href={viewHref("wall")} aria-label="Mission control" title="Mission control, for a screen on the wall (w)">
          <Icon name="screen" />
        </a>
      </header>
      <div class="pane-body">
        {list.map((agent) => (
          <AgentCard
            key={agent.agent_id}
            agent={agent}
            href={hrefOf(agent)}
            chosen={query["agent"] === agent.agent_id}
            taskStartedAt={startedAt(agent)}
          />
        ))}
        {list.length === 0 ? (
          <Nothing title="No agent fits">
            <p class="dim">Change the project, the environment or the number you clicked.</p>
          </Nothing>
        ) : null}
      </div>
    </section>
  );
}

interface ShownRun {
  taskId: string;
  runId: string | null;
  agentId: string | null;
  /** As the task table has it, where it has it. */
  row: TaskRow | null;
  /** Why it is shown though nobody chose it. */
  why: string | null;
}

/** The chosen run, or the most telling one, which then stays until the reader or the filter changes. */
function useRun(rows: readonly TaskRow[], scope: string): ShownRun | null {
  const { query } = route.value;
  const pinned = useRef<{ scope: string; row: TaskRow | null }>({ scope: "", row: null });
  if (query["task"]) {
    const [taskId, runId, agentId] = [query["task"], query["run"] ?? null, query["of"] ?? null];
    const row = rows.find(
      (item) => item.task_id === taskId && item.task_run_id === runId && (agentId === null || item.agent_id === agentId),
    );
    return { taskId, runId, agentId: agentId ?? row?.agent_id ?? null, row: row ?? null, why: null };
  }
  if (pinned.current.scope !== scope || pinned.current.row === null) pinned.current = { scope, row: mostTelling(rows) };
  const row = rows.find((item) => pinned.current.row !== null && rowKey(item) === rowKey(pinned.current.row)) ?? pinned.current.row;
  return row && { taskId: row.task_id, runId: row.task_run_id, agentId: row.agent_id, row, why: whyTelling(row) };
}

function RunPane({ run }: { run: ShownRun | null }) {
  return (
    <section class="pane run-pane" aria-label="Selected run">
      {run ? (
        <RunPanel
          key={`${run.taskId}\n${run.runId ?? ""}`}
          embedded
          taskId={run.taskId}
          runId={run.runId}
          selected={route.value.query["node"] ?? null}
          why={run.why}
          onSelect={(key) => setQuery({ task: run.taskId, run: run.runId ?? "", of: run.agentId ?? "", node: key ?? "" }, true)}
        />
      ) : (
        <Nothing title="No run to show">
          <p class="dim">The first task of an agent appears here while it runs.</p>
        </Nothing>
      )}
    </section>
  );
}

function sortOf(show: string): TaskSort {
  return show === "cost" ? "cost" : "newest";
}

export default function Fleet() {
  const { query } = route.value;
  const show = query["show"] ?? "";
  const scope = {
    project: project.value,
    environment: environment.value,
    agent: query["agent"] ?? "",
    type: "",
    q: "",
    status: TASK_STATUS_OF[show] ?? "",
    sort: sortOf(show),
  };
  const list = useTasks(scope);
  const refused = list.rows.value === null ? list.error.value : null;
  const rows = useKept(list.rows.value, list.error.value) ?? [];
  const fresh = list.rows.value ?? [];
  const run = useRun(fresh, JSON.stringify(scope));
  const metrics = useResource<Metrics>(`metrics ${scope.project} ${scope.environment}`, (abort) =>
    get<Metrics>("metrics", { range: "1h", project_id: scope.project, environment: scope.environment }, abort),
  );
  const numbers = useKept(metrics.data.value, metrics.error.value);
  const [left, setLeft] = usePaneWidth("fleet", 288);
  const [right, setRight] = usePaneWidth("activity", 344);
  useKeys({ j: () => focusCard(1), k: () => focusCard(-1), o: openCard, Escape: () => setQuery({ node: "" }) });
  const cards = <Cards rows={rows} />;
  const table = (
    <section class="pane tasks-pane" aria-label="Recent tasks">
      {refused ? (
        <Failed error={refused} retry={list.reload} />
      ) : (
      <TaskTable
        rows={rows}
        sort={scope.sort}
        onSort={(sort) => setQuery({ show: sort === "cost" ? "cost" : "" })}
        chosen={run?.row ?? null}
        onEnd={() => void list.older()}
        hrefOf={(row) =>
          withQuery({ task: row.task_id, run: row.task_run_id ?? "", of: row.agent_id, node: "", tab: narrow.value ? "run" : "" })
        }
      />
      )}
    </section>
  );
  const feed = (
    <section class="pane activity-pane" aria-label="Activity">
      <FeedList
        side
        scope={{ filter: feedFilter(), project: scope.project, environment: scope.environment, agent: scope.agent }}
        onFilter={(filter: FeedFilter) => setQuery({ feed: filter === "all" ? "" : filter })}
      />
    </section>
  );
  const ribbon = <Ribbon agents={agents.value} metrics={numbers} chosen={show} />;
  if (narrow.value) {
    const tab = TABS.find((item) => item.id === query["tab"])?.id ?? "fleet";
    return (
      <Main kind="page page-fleet-narrow">
        <h1 class="sr-only">Fleet</h1>
        {ribbon}
        <Tabs tabs={TABS} chosen={tab} onChoose={(id) => setQuery({ tab: id === "fleet" ? "" : id })}>
          {tab === "fleet" ? cards : tab === "run" ? <RunPane run={run} /> : tab === "tasks" ? table : feed}
        </Tabs>
      </Main>
    );
  }
  return (
    <Main
      kind="page page-fleet"
      style={{ gridTemplateColumns: `${left}px 0 minmax(0, 1fr)${wide.value ? ` 0 ${right}px` : ""}` }}
    >
      <h1 class="sr-only">Fleet</h1>
      {cards}
      <Grip name="fleet" side="left" label="Width of the fleet" width={left} min={220} max={480} onWidth={setLeft} />
      <div class="middle">
        <div class="numbers">
          {ribbon}
          <Trends metrics={numbers} />
        </div>
        <RunPane run={run} />
        {table}
      </div>
      {wide.value ? (
        <Grip name="activity" side="right" label="Width of the activity" width={right} min={260} max={640} onWidth={setRight} />
      ) : null}
      {wide.value ? feed : null}
    </Main>
  );
}
