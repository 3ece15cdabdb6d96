/** Chooses a run: the ones before it of the same kind first, any other by a few letters. */

import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api/client";
import type { Page, TaskRow } from "../api/types";
import { oneLine } from "../format";
import { rowKey } from "../model/task";
import { firstRows } from "../state/pages";
import { Dialog } from "./Dialog";
import { StatusMark } from "./Marks";
import { Age } from "./Text";

const MOST = 10;
const TYPING_MS = 150;

/** What the list is asked for: by letters, else earlier runs like `near`, else the newest. */
function question(needle: string, near: TaskRow | null): Record<string, string | number | null> {
  if (needle || !near) return { q: needle, limit: MOST };
  return { agent_id: near.agent_id, task_type: near.task_type, until: near.started_at, limit: MOST };
}

interface Found {
  rows: readonly TaskRow[];
  /** Null while the first answer is awaited. */
  said: string | null;
}

function useRuns(needle: string, near: TaskRow | null): Found {
  const [found, setFound] = useState<Found>({ rows: [], said: null });
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(
      () => {
        firstRows((cursor) => get<Page<TaskRow>>("tasks", { ...question(needle, near), cursor }, abort.signal), MOST)
          .then((found) => {
            const rows = found.filter((row) => near === null || rowKey(row) !== rowKey(near));
            setFound({ rows, said: "No run fits; type a part of its task, agent or type" });
          })
          .catch((error: unknown) => {
            if (!abort.signal.aborted) setFound({ rows: [], said: error instanceof Error ? error.message : String(error) });
          });
      },
      needle ? TYPING_MS : 0,
    );
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [needle, near ? rowKey(near) : ""]);
  return found;
}

export interface RunPickerProps {
  label: string;
  /** The run to find another one for. */
  near: TaskRow | null;
  onPick: (row: TaskRow) => void;
  onClose: () => void;
}

export function RunPicker({ label, near, onPick, onClose }: RunPickerProps) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const needle = text.trim();
  const { rows, said } = useRuns(needle, near);
  const chosen = Math.min(at, rows.length - 1);
  useEffect(() => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [chosen]);
  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[chosen];
    if (event.key === "ArrowDown") setAt(Math.min(rows.length - 1, chosen + 1));
    else if (event.key === "ArrowUp") setAt(Math.max(0, chosen - 1));
    else if (event.key === "Enter" && row) onPick(row);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog label={label} onClose={onClose}>
      <input
        class="palette-input"
        type="text"
        placeholder={`${label}: task, agent or type`}
        aria-label={label}
        autoFocus
        autocomplete="off"
        spellcheck={false}
        role="combobox"
        aria-expanded="true"
        aria-controls="run-hits"
        aria-activedescendant={chosen >= 0 ? `run-${chosen}` : undefined}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <p class="picker-head dim">{needle ? "Found" : near ? "Earlier runs of the same agent and type" : "Newest runs"}</p>
      <ul class="palette-hits" id="run-hits" role="listbox" aria-label="Runs" ref={list}>
        {rows.map((row, index) => (
          <li
            key={rowKey(row)}
            id={`run-${index}`}
            role="option"
            aria-selected={index === chosen}
            class="hit run-hit"
            onClick={() => onPick(row)}
            onMouseMove={(event) => (event.movementX !== 0 || event.movementY !== 0) && setAt(index)}
          >
            <StatusMark status={row.derived_status} word={false} />
            <bdi class="id">{oneLine(row.task_id, 120)}</bdi>
            <bdi class="dim run-hit-agent">{oneLine(row.agent_id, 60)}</bdi>
            <span class="dim run-hit-age">
              <Age at={row.started_at} />
            </span>
          </li>
        ))}
        {rows.length === 0 && said !== null ? (
          <li class="hit dim" role="option" aria-selected="false">
            {said}
          </li>
        ) : null}
      </ul>
    </Dialog>
  );
}
