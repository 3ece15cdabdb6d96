/** All runs: sorted, filtered, searched; the address holds every choice. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { TaskRow } from "../api/types";
import { count } from "../format";
import { statusLook } from "../model/status";
import { marked, names, type RunName, type Side } from "../model/compare";
import { environment, project, route, setQuery, viewHref } from "../router";
import { Select, TextFilter } from "../parts/Fields";
import { Main } from "../parts/Main";
import { Failed, Loading, Nothing, Outdated, Searching } from "../parts/States";
import { rowKey, TASK_SORTS } from "../model/task";
import { TaskTable } from "../parts/TaskTable";
import { Id } from "../parts/Text";
import { allAgents } from "../state/fleet";
import { useKept } from "../state/resource";
import { askStatuses, taskStatuses } from "../state/statuses";
import { useTasks, type TaskList } from "../state/tasks";

/** Rows that came while the reader was further down stay back, so that nothing jumps. */
function useStill(rows: readonly TaskRow[], atTop: boolean): { shown: readonly TaskRow[]; held: number } {
  const known = useRef(new Set<string>());
  if (atTop || known.current.size === 0) {
    known.current = new Set(rows.map(rowKey));
    return { shown: rows, held: 0 };
  }
  // What is new at the top waits; what was loaded at the bottom is welcome.
  const firstKnown = rows.findIndex((row) => known.current.has(rowKey(row)));
  const held = rows.filter((row, index) => index < firstKnown && !known.current.has(rowKey(row)));
  const heldKeys = new Set(held.map(rowKey));
  return { shown: rows.filter((row) => !heldKeys.has(rowKey(row))), held: held.length };
}

function Toolbar({ types, shown }: { types: readonly string[]; shown: string }) {
  const { query } = route.value;
  return (
    <div class="toolbar">
      <h1>Tasks</h1>
      <TextFilter label="Filter by task, agent or type" value={query["q"] ?? ""} onText={(text) => setQuery({ q: text }, true)} />
      <Select
        label="Status"
        all="Any status"
        value={query["status"] ?? ""}
        options={taskStatuses.value.map((status) => ({ value: status, label: statusLook(status).word }))}
        onPick={(value) => setQuery({ status: value })}
      />
      <Select
        label="Agent"
        all="All agents"
        value={query["agent"] ?? ""}
        options={allAgents.value.map((agent) => agent.agent_id).sort()}
        onPick={(value) => setQuery({ agent: value })}
      />
      <Select
        label="Type"
        all="All types"
        value={query["type"] ?? ""}
        options={types}
        onPick={(value) => setQuery({ type: value })}
      />
      <span class="dim num toolbar-end">{shown}</span>
    </div>
  );
}

function nameOf(row: TaskRow): RunName {
  return { taskId: row.task_id, runId: row.task_run_id };
}

const MARKS = {
  has: (row: TaskRow) => names(route.value.query, "a", nameOf(row)) || names(route.value.query, "b", nameOf(row)),
  toggle: (row: TaskRow) => setQuery(marked(route.value.query, nameOf(row)), true),
};

/** The runs marked for a comparison. */
function CompareBar({ rows }: { rows: readonly TaskRow[] }) {
  const { a = "", a_run = "", b = "", b_run = "" } = route.value.query;
  if (!a) return null;
  const shown = (side: Side, text: string) =>
    rows.find((row) => names(route.value.query, side, nameOf(row)))?.task_id ?? text;
  return (
    <div class="compare-bar" role="region" aria-label="Comparison">
      <span>Compare</span>
      <Id value={shown("a", a)} />
      <span>with</span>
      {b ? <Id value={shown("b", b)} /> : <span class="dim">another run: mark it in the list</span>}
      <span class="grow" />
      {b ? (
        <a class="button primary" href={viewHref("compare", { a, a_run, b, b_run })}>
          Compare
        </a>
      ) : null}
      <button type="button" class="button" onClick={() => setQuery({ a: "", a_run: "", b: "", b_run: "" }, true)}>
        Clear
      </button>
    </div>
  );
}

function Table({ rows, list, sort }: { rows: readonly TaskRow[]; list: TaskList; sort: (typeof TASK_SORTS)[number] }) {
  const [atTop, setAtTop] = useState(true);
  const box = useRef<HTMLDivElement>(null);
  const { shown, held } = useStill(rows, atTop);
  const toTop = () => {
    box.current?.querySelector(".tt-body")?.scrollTo({ top: 0 });
    setAtTop(true);
  };
  return (
    <div class="fill" ref={box}>
      {held > 0 ? (
        <button type="button" class="pill floating" onClick={toTop}>
          {count(held)} new
        </button>
      ) : null}
      <TaskTable
        rows={shown}
        sort={sort}
        keys
        marks={MARKS}
        onSort={(next) => setQuery({ sort: next === "newest" ? "" : next })}
        onEnd={() => void list.older()}
        onTop={setAtTop}
        footer={list.more.value ? "Loading more…" : undefined}
      />
      <CompareBar rows={rows} />
    </div>
  );
}

function Clear() {
  return (
    <button
      type="button"
      class="button"
      onClick={() => setQuery({ q: "", status: "", agent: "", type: "", project: "", environment: "" })}
    >
      Clear the filter
    </button>
  );
}

export default function Tasks() {
  const { query } = route.value;
  const sort = TASK_SORTS.find((name) => name === query["sort"]) ?? "newest";
  const scope = {
    project: project.value,
    environment: environment.value,
    agent: query["agent"] ?? "",
    type: query["type"] ?? "",
    status: query["status"] ?? "",
    q: query["q"] ?? "",
    sort,
  };
  useEffect(() => void askStatuses(), []);
  const list = useTasks(scope);
  const error = list.error.value;
  const rows = useKept(list.rows.value, error);
  const types = useTypes(rows ?? []);
  const filtered = Object.values({ ...scope, sort: "" }).some((value) => value !== "");
  const shown = list.rows.value
    ? `${count(list.rows.value.length)}${list.more.value ? "+" : ""} ${list.rows.value.length === 1 ? "task" : "tasks"}`
    : "";
  return (
    <Main kind="page page-tasks">
      <Toolbar types={types} shown={shown} />
      {error && rows ? <Outdated error={error} retry={list.reload} /> : null}
      {!rows ? (
        error ? (
          <Failed error={error} retry={list.reload}>
            {filtered ? <Clear /> : null}
          </Failed>
        ) : (
          <Loading />
        )
      ) : rows.length === 0 && list.more.value ? (
        <Searching>
          <Clear />
        </Searching>
      ) : rows.length === 0 ? (
        <Nothing title={filtered ? "No task fits this filter" : "No tasks yet"}>
          {filtered ? <Clear /> : null}
        </Nothing>
      ) : (
        <Table rows={rows} list={list} sort={sort} />
      )}
    </Main>
  );
}

/** Every type seen since the page opened, so that choosing one does not empty the list of choices. */
function useTypes(rows: readonly TaskRow[]): string[] {
  const seen = useRef(new Set<string>());
  for (const row of rows) if (row.task_type) seen.current.add(row.task_type);
  return [...seen.current].sort();
}
