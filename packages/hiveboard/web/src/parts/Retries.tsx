/** What is being tried again, and the time that costs. */

import { count, duration, oneLine, plain } from "../format";
import type { RetryRow } from "../model/retries";
import { runHref } from "../router";
import { AgentLink, List } from "./Listing";
import { Age, Id } from "./Text";

/** As many as a person reads. */
const MOST = 50;

/** `more`: there were more events than were read. */
export function Retries({ rows, more }: { rows: readonly RetryRow[]; more: boolean }) {
  return (
    <List
      title={more ? "Latest retries of 24 hours" : "Retries in 24 hours"}
      total={rows.length}
      empty="Nothing was tried again in the last 24 hours."
      heads={["Why", "Agent", "Task", "Retries", "Latest attempt", "Waited", "Latest"]}
      rows={rows.slice(0, MOST).map((row) => ({
        key: row.key,
        cells: [
          <span class="wrap">
            <bdi>{oneLine(plain(row.reason), 200)}</bdi>
          </span>,
          <AgentLink id={row.agentId} />,
          row.taskId === null ? (
            <span class="dim">–</span>
          ) : (
            <a href={runHref(row.taskId, row.runId)}>
              <Id value={row.taskId} />
            </a>
          ),
          <span class="num tone-retry">{count(row.times)}</span>,
          <span class="num">{count(row.attempt)}</span>,
          <span class="num" title="Sum of the pauses the agent told of">
            {duration(row.waitedMs)}
          </span>,
          <Age at={row.at} />,
        ],
      }))}
    />
  );
}
