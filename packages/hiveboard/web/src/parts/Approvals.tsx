/** Requests for approval, and the two answers to each. */

import { useState } from "preact/hooks";
import type { FleetPipeline } from "../api/pipeline";
import { plain } from "../format";
import { runHref } from "../router";
import type { Verdict } from "../state/pipeline";
import { Decide } from "./Decide";
import { AgentLink, List } from "./Listing";
import { Age, Id } from "./Text";

type Approval = FleetPipeline["approvals"][number];

/** Its event names a request for certain; what agents call it may repeat. */
function addressOf(item: Approval): string | null {
  return item.event_id ?? item.approval_id;
}

interface Props {
  items: readonly Approval[];
  total: number;
  /** Somebody begins to act: the lists stay, also when the last row goes. */
  begin: () => void;
  changed: () => void;
}

export function Approvals({ items, total, begin, changed }: Props) {
  const [asked, setAsked] = useState<{ item: Approval; verdict: Verdict } | null>(null);
  const open = (item: Approval, verdict: Verdict) => {
    begin();
    setAsked({ item, verdict });
  };
  const address = asked ? addressOf(asked.item) : null;
  return (
    <>
      <List
        title="Waiting for approval"
        total={total}
        empty="Nobody waits for a decision."
        heads={["Asks", "Who decides", "Agent", "Task", "Since", "Answer"]}
        rows={items.map((item, index) => ({
          key: addressOf(item) ?? `${item.agent_id}\n${index}`,
          cells: [
            <span class="wrap">
              <bdi>{plain(item.summary ?? item.reason)}</bdi>
              {item.listening ? (
                <span class="badge tone-good" title="A program waits for this answer and goes on at once">
                  listening
                </span>
              ) : null}
            </span>,
            <bdi>{plain(item.approver)}</bdi>,
            <AgentLink id={item.agent_id} />,
            item.task_id ? (
              <a href={runHref(item.task_id, item.task_run_id ?? null)}>
                <Id value={item.task_id} />
              </a>
            ) : (
              <span class="dim">–</span>
            ),
            <Age at={item.requested_at ?? item.timestamp} />,
            addressOf(item) === null ? (
              <span class="dim">–</span>
            ) : (
              <span class="acts">
                <button type="button" class="button yes" onClick={() => open(item, "approved")}>
                  Approve
                </button>
                <button type="button" class="button no" onClick={() => open(item, "rejected")}>
                  Reject
                </button>
              </span>
            ),
          ],
        }))}
      />
      {asked && address !== null ? (
        <Decide
          item={asked.item}
          address={address}
          verdict={asked.verdict}
          onClose={(isChanged) => {
            setAsked(null);
            if (isChanged) changed();
          }}
        />
      ) : null}
    </>
  );
}
