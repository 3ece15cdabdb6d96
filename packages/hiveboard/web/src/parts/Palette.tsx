/** Search or jump: agents, tasks and views by a few letters. */

import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api/client";
import type { Page, TaskRow } from "../api/types";
import { oneLine } from "../format";
import { statusLook } from "../model/status";
import { detailHref, go, runHref, viewHref, VIEWS } from "../router";
import { allAgents } from "../state/fleet";
import { firstRows } from "../state/pages";
import { Dialog } from "./Dialog";
import { VIEW_WORDS } from "./Header";
import { StatusMark } from "./Marks";

interface Hit {
  key: string;
  group: "View" | "Agent" | "Page of" | "Task";
  text: string;
  href: string;
  status?: string;
}

function viewHits(needle: string): Hit[] {
  const views = VIEWS.filter((view) => view.includes(needle)).map((view) => ({ view, text: VIEW_WORDS[view] }));
  const wall = { view: "wall" as const, text: "Mission control (wall monitor)" };
  return [...views, ...(wall.text.toLowerCase().includes(needle) ? [wall] : [])].map(({ view, text }) => ({
    key: `view:${view}`,
    group: "View",
    text,
    href: viewHref(view),
  }));
}

function agentHits(needle: string): Hit[] {
  return allAgents.value
    .filter((agent) => agent.agent_id.toLowerCase().includes(needle))
    .slice(0, 8)
    .map((agent) => ({
      key: `agent:${agent.agent_id}`,
      group: "Agent",
      text: agent.agent_id,
      href: viewHref("fleet", { agent: agent.agent_id }),
      status: agent.derived_status,
    }));
}

/** The agents' own pages, once enough is typed to mean one. */
function pageHits(needle: string): Hit[] {
  if (needle.length < 2) return [];
  return agentHits(needle)
    .slice(0, 3)
    .map((hit) => ({ ...hit, key: `page:${hit.text}`, group: "Page of", href: detailHref("agent", hit.text) }));
}

function taskHits(rows: readonly TaskRow[]): Hit[] {
  return rows.map((row) => ({
    key: `task:${row.agent_id}:${row.task_id}:${row.task_run_id ?? ""}`,
    group: "Task",
    text: row.task_id,
    href: runHref(row.task_id, row.task_run_id),
    status: row.derived_status,
  }));
}

const MOST_TASKS = 8;

function useTasks(needle: string): TaskRow[] {
  const [rows, setRows] = useState<TaskRow[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      firstRows((cursor) => get<Page<TaskRow>>("tasks", { q: needle, limit: MOST_TASKS, cursor }, abort.signal), MOST_TASKS)
        .then(setRows)
        .catch(() => !abort.signal.aborted && setRows([]));
    }, 120);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [needle]);
  return rows;
}

export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const needle = text.trim().toLowerCase();
  const tasks = useTasks(text.trim());
  const hits = [...viewHits(needle), ...agentHits(needle), ...pageHits(needle), ...taskHits(tasks)];
  const chosen = Math.min(at, hits.length - 1);
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const open = (hit: Hit | undefined) => {
    if (!hit) return;
    onClose();
    go(hit.href);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt(Math.min(hits.length - 1, chosen + 1));
    else if (event.key === "ArrowUp") setAt(Math.max(0, chosen - 1));
    else if (event.key === "Enter") open(hits[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog label="Search or jump" onClose={onClose}>
      <input
        class="palette-input"
        type="text"
        placeholder="Agent, task or view"
        aria-label="Search"
        autoFocus
        autocomplete="off"
        spellcheck={false}
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-hits"
        aria-activedescendant={chosen >= 0 ? `hit-${chosen}` : undefined}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul class="palette-hits" id="palette-hits" role="listbox" aria-label="Results" ref={list}>
        {hits.map((hit, index) => (
          <li
            key={hit.key}
            id={`hit-${index}`}
            role="option"
            aria-selected={index === chosen}
            class="hit"
            onClick={() => open(hit)}
            onMouseMove={(event) => (event.movementX !== 0 || event.movementY !== 0) && setAt(index)}
          >
            <span class="hit-group dim">{hit.group}</span>
            <bdi class={hit.group === "View" ? "" : "id"}>{oneLine(hit.text, 120)}</bdi>
            {hit.status ? (
              <span class="hit-status" title={statusLook(hit.status).word}>
                <StatusMark status={hit.status} />
              </span>
            ) : null}
          </li>
        ))}
        {hits.length === 0 ? (
          <li class="hit dim" role="option" aria-selected="false">
            Nothing found
          </li>
        ) : null}
      </ul>
    </Dialog>
  );
}

const KEYS: readonly [string, string][] = [
  ["⌘K or Ctrl K", "Search or jump"],
  ["/", "Filter, or search where there is no filter"],
  ["j  k", "Next, previous"],
  ["Enter", "Open"],
  ["[  ]", "In a run: the run before it, the one after it"],
  ["←  →", "Fold, unfold a step"],
  [".", "Pause or resume the feed"],
  ["1 – 9", "Fleet, Tasks, Activity, Costs, Pipeline, Insights, Compare, Sessions, Settings"],
  ["w", "Mission control: the fleet for a screen on the wall"],
  ["o", "In the fleet: open the agent whose card is in focus"],
  ["x", "In the tasks: mark a run, then another, to compare them"],
  ["Esc", "Close, leave mission control"],
  ["?", "This list"],
];

export function KeyList({ onClose }: { onClose: () => void }) {
  return (
    <Dialog label="Keyboard shortcuts" onClose={onClose}>
      <h2 class="dialog-title">Keyboard</h2>
      <dl class="key-list">
        {KEYS.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <button type="button" class="button" autoFocus onClick={onClose}>
        Close
      </button>
    </Dialog>
  );
}
