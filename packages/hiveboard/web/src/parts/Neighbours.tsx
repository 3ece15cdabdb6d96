/** From a run to the one its agent began before it, and to the one it began next. */

import { get } from "../api/client";
import type { Page, TaskRow } from "../api/types";
import { oneLine } from "../format";
import { rowKey } from "../model/task";
import { go, runHref } from "../router";
import { useKeys } from "../state/keys";
import { useResource } from "../state/resource";
import { Icon } from "./Marks";

interface Both {
  previous: TaskRow | null;
  next: TaskRow | null;
}

/** Runs that began at the same moment as this one; the next begins behind them. */
const SAME_MOMENT = 10;

async function readBoth(run: TaskRow, abort: AbortSignal): Promise<Both> {
  const ask = (query: Record<string, string | number | null>) =>
    get<Page<TaskRow>>("tasks", { agent_id: run.agent_id, ...query }, abort);
  const [before, after] = await Promise.all([
    ask({ until: run.started_at, limit: 1 }),
    ask({ since: run.started_at, sort: "oldest", limit: SAME_MOMENT }),
  ]);
  const at = after.data.findIndex((row) => rowKey(row) === rowKey(run));
  // Of those of the same moment, the ones listed before this run come before it.
  return { previous: after.data[at - 1] ?? before.data[0] ?? null, next: after.data[at + 1] ?? null };
}

function Step({ to, word, way }: { to: TaskRow | null; word: "Previous" | "Next"; way: "back" | "on" }) {
  const icon = (
    <span class={`step-${way}`}>
      <Icon name="chevron" />
    </span>
  );
  const label = `${word} run of this agent`;
  if (to === null)
    return (
      <span class="button quiet off" role="link" aria-disabled="true" aria-label={label} title={`No ${word.toLowerCase()} run of this agent`}>
        {icon}
      </span>
    );
  const key = way === "back" ? "[" : "]";
  return (
    <a
      class="button quiet"
      href={runHref(to.task_id, to.task_run_id)}
      aria-label={`${label}: ${oneLine(to.task_id, 80)}`}
      title={`${label} (${key}): ${oneLine(to.task_id, 80)}`}
    >
      {icon}
    </a>
  );
}

export function Neighbours({ run }: { run: TaskRow }) {
  const resource = useResource<Both>(
    `neighbours ${run.agent_id} ${rowKey(run)} ${run.started_at}`,
    (abort) => (run.started_at ? readBoth(run, abort) : Promise.resolve({ previous: null, next: null })),
    (pulse) => pulse.kind === "event" && pulse.event.event_type === "task_started" && pulse.event.agent_id === run.agent_id,
  );
  const both = resource.data.value ?? { previous: null, next: null };
  const open = (row: TaskRow | null) => row && go(runHref(row.task_id, row.task_run_id));
  useKeys({ "[": () => open(both.previous), "]": () => open(both.next) });
  return (
    <>
      <Step to={both.previous} word="Previous" way="back" />
      <Step to={both.next} word="Next" way="on" />
    </>
  );
}
