/** Issues that somebody should look at: resolved or dismissed here, and taken back as easily. */

import { useState } from "preact/hooks";
import { ApiError } from "../api/client";
import type { FleetPipeline } from "../api/pipeline";
import { count, money, oneLine, plain } from "../format";
import { actOnIssue, type IssueAction } from "../state/pipeline";
import { AgentLink, List, severityTone, Word } from "./Listing";
import { Age } from "./Text";

type Issue = FleetPipeline["issues"][number];

/** What was done last: how it went, and what would undo it. */
interface Done {
  id: string;
  name: string;
  action: IssueAction;
  error: string | null;
}

interface Props {
  items: readonly Issue[];
  total: number;
  /** Somebody begins to act: the lists stay, also when the last row goes. */
  begin: () => void;
  changed: () => void;
}

export function Issues({ items, total, begin, changed }: Props) {
  const [done, setDone] = useState<Done | null>(null);
  const act = async (id: string, name: string, action: IssueAction) => {
    begin();
    let error: string | null = null;
    try {
      await actOnIssue(id, action);
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      error = failure.message;
    }
    setDone(action === "reopened" && error === null ? null : { id, name, action, error });
    changed();
  };
  return (
    <>
      <List
        title="Issues"
        total={total}
        empty="No open issues."
        heads={["Severity", "Issue", "Agent", "Category", "Times", "Runs", "First seen", "Last seen", "Close"]}
        rows={items.map((item, index) => ({
          key: item.id ?? `${item.agent_id}\n${item.issue_id ?? item.summary ?? index}`,
          cells: [
            <Word tone={severityTone(item.severity)} text={plain(item.severity)} />,
            <span class="wrap">
              <bdi>{plain(item.summary)}</bdi>
              {item.status === "regressed" ? <span class="badge tone-wait">regressed</span> : null}
            </span>,
            <AgentLink id={item.agent_id} />,
            <bdi>{plain(item.category)}</bdi>,
            <Times item={item} />,
            <Runs item={item} />,
            <Age at={item.first_seen} />,
            <Age at={item.last_seen ?? item.timestamp} />,
            item.id === undefined ? <span class="dim">–</span> : <Acts id={item.id} name={plain(item.summary)} act={act} />,
          ],
        }))}
      />
      {done ? (
        <p class="note acted" role="status">
          {done.error ? (
            <span class="tone-bad">{done.error}</span>
          ) : (
            <>
              <bdi>{oneLine(done.name, 80)}</bdi> {done.action}.{" "}
              <button type="button" class="button quiet" onClick={() => act(done.id, done.name, "reopened")}>
                Undo
              </button>
            </>
          )}
        </p>
      ) : null}
    </>
  );
}

/** How often it happened: as the agent counts where it does, but never less often than it was reported. */
function Times({ item }: { item: Issue }) {
  const [reports, told] = [item.occurrences ?? null, item.occurrence_count ?? null];
  const title = told === null || reports === null ? "" : `${count(told)} by the agent’s own count, reported ${count(reports)} times`;
  return (
    <span class="num" title={title}>
      {count(told === null ? reports : Math.max(told, reports ?? 0))}
    </span>
  );
}

/** How many runs it was reported in, and what they cost. */
function Runs({ item }: { item: Issue }) {
  const cost = item.affected_cost;
  const title = cost === null || cost === undefined ? "" : `together ${money(cost)}`;
  return (
    <span class="num" title={title}>
      {count(item.affected_tasks)}
    </span>
  );
}

type Act = (id: string, name: string, action: IssueAction) => Promise<void>;

function Acts({ id, name, act }: { id: string; name: string; act: Act }) {
  const [busy, setBusy] = useState(false);
  const button = (label: string, action: IssueAction) => (
    <button
      type="button"
      class="button"
      disabled={busy}
      aria-label={`${label}: ${oneLine(name, 80)}`}
      onClick={async () => {
        setBusy(true);
        await act(id, name, action);
        setBusy(false);
      }}
    >
      {label}
    </button>
  );
  return (
    <span class="acts">
      {button("Resolve", "resolved")}
      {button("Dismiss", "dismissed")}
    </span>
  );
}
