/** From a run to its comparison with another one. */

import { useState } from "preact/hooks";
import type { TaskRow } from "../api/types";
import { comparison } from "../model/compare";
import { go, viewHref } from "../router";
import { Icon } from "./Marks";
import { RunPicker } from "./RunPicker";

function nameOf(row: TaskRow): { taskId: string; runId: string | null } {
  return { taskId: row.task_id, runId: row.task_run_id };
}

/** The earlier run is a, so that changes read forward in time. */
export function compareHref(one: TaskRow, other: TaskRow): string {
  const isLater = (other.started_at ?? "") > (one.started_at ?? "");
  const [a, b] = isLater ? [one, other] : [other, one];
  return viewHref("compare", comparison(nameOf(a), nameOf(b)));
}

export function CompareWith({ run, short }: { run: TaskRow; short: boolean }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="button quiet" aria-label="Compare with…" title="Compare with…" onClick={() => setOpen(true)}>
        <Icon name="compare" />
        {short ? null : <span>Compare with…</span>}
      </button>
      {open ? (
        <RunPicker
          label="Compare with"
          near={run}
          onClose={() => setOpen(false)}
          onPick={(row) => {
            setOpen(false);
            go(compareHref(run, row));
          }}
        />
      ) : null}
    </>
  );
}
