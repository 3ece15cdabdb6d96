/** What waits: problems and people, who can be answered here; queues, to-dos, the schedule; and what is tried again. */

import { useState } from "preact/hooks";
import { get, serverNow } from "../api/client";
import type { FleetPipeline } from "../api/pipeline";
import type { HiveEvent, Page } from "../api/types";
import { itemsWaiting } from "../model/queue";
import { retryRows } from "../model/retries";
import { Approvals } from "../parts/Approvals";
import { Issues } from "../parts/Issues";
import { Main } from "../parts/Main";
import { Schedule, Todos } from "../parts/Planned";
import { QueueItems, Queues } from "../parts/Queues";
import { Retries } from "../parts/Retries";
import { Loaded, Nothing } from "../parts/States";
import { environment, project } from "../router";
import type { Pulse } from "../state/live";
import { readPipeline } from "../state/pipeline";
import { useKept, useResource } from "../state/resource";

const LISTS = ["issues", "approvals", "queues", "todos", "scheduled"] as const;
const DAY_MS = 86_400_000;

function retried(pulse: Pulse): boolean {
  return pulse.kind === "resync" || (pulse.kind === "event" && pulse.event.event_type === "retry_started");
}

/** The retries of a day; null until they are known. */
function useRetries(project_id: string, environment: string): Page<HiveEvent> | null {
  const resource = useResource<Page<HiveEvent>>(
    `retries ${JSON.stringify([project_id, environment])}`,
    (abort) => {
      const since = new Date(serverNow() - DAY_MS).toISOString();
      return get<Page<HiveEvent>>("events", { project_id, environment, event_type: "retry_started", since, limit: 200 }, abort);
    },
    retried,
  );
  return useKept(resource.data.value, resource.error.value);
}

export default function Pipeline() {
  const scope = [project.value, environment.value] as const;
  const resource = useResource<FleetPipeline>(`pipeline ${JSON.stringify(scope)}`, (abort) => readPipeline(...scope, abort));
  const answer = useKept(resource.data.value, resource.error.value);
  const retries = useRetries(...scope);
  const [acted, setActed] = useState(false);
  const begin = () => setActed(true);
  const quiet = answer !== null && LISTS.every((name) => answer[name].length === 0) && !retries?.data.length;
  return (
    <Main kind="page page-scroll">
      <div class="toolbar">
        <h1>Pipeline</h1>
      </div>
      <Loaded from={resource} data={answer}>
        {(answer) =>
          !acted && quiet ? (
            <Nothing title="Nothing waits">
              <p class="dim">Issues, approvals, queues, to-dos, schedules and retries that agents report appear here.</p>
            </Nothing>
          ) : (
            <>
              <Approvals items={answer.approvals} total={answer.totals.pending_approvals} begin={begin} changed={resource.reload} />
              <Issues items={answer.issues} total={answer.totals.active_issues} begin={begin} changed={resource.reload} />
              <Queues items={answer.queues} />
              <Waiting answer={answer} />
              <Todos items={answer.todos} total={answer.totals.active_todos} />
              <Schedule items={answer.scheduled} total={answer.totals.scheduled_count} />
              {retries ? <Retries rows={retryRows(retries.data)} more={retries.pagination.has_more} /> : null}
            </>
          )
        }
      </Loaded>
    </Main>
  );
}

/** What stands in the queues, where any agent tells it. */
function Waiting({ answer }: { answer: FleetPipeline }) {
  const items = itemsWaiting(answer.queues);
  return items.length > 0 ? <QueueItems title="In the queues" items={items} /> : null;
}
