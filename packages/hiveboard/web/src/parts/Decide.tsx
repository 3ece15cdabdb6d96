/** The last look before an answer releases an agent: what is asked, who signs, and why. */

import { useState } from "preact/hooks";
import { ApiError } from "../api/client";
import type { Approval } from "../api/pipeline";
import { plain } from "../format";
import { decide, type Verdict } from "../state/pipeline";
import { store, stored } from "../state/stored";
import { Dialog } from "./Dialog";

interface Props {
  item: Approval;
  address: string;
  verdict: Verdict;
  onClose: (isChanged: boolean) => void;
}

export function Decide({ item, address, verdict, onClose }: Props) {
  const [by, setBy] = useState(stored("name") ?? "");
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<ApiError | null>(null);
  const verb = verdict === "approved" ? "Approve" : "Reject";
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    store("name", by.trim());
    try {
      await decide(address, verdict, by.trim(), reason.trim());
      onClose(true);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setWrong(error);
      setBusy(false);
    }
  };
  // Somebody was faster, or the run is over: nothing is left to be answered.
  const isOver = wrong !== null && (wrong.status === 409 || wrong.status === 404);
  return (
    <Dialog label={`${verb} a request`} onClose={() => onClose(isOver)}>
      <form class="decide" onSubmit={submit}>
        <h2>{verb} this?</h2>
        <p class="decide-asked">
          <bdi>{plain(item.summary ?? item.reason)}</bdi>
        </p>
        {item.summary && item.reason ? (
          <p class="dim">
            <bdi>{item.reason}</bdi>
          </p>
        ) : null}
        <p class="dim">
          Asked by <bdi>{item.agent_id}</bdi>. {item.listening ? "It waits and goes on at once." : "No program of it listens right now."}
        </p>
        <label for="decide-by">Your name</label>
        <input id="decide-by" maxLength={256} autocomplete="name" value={by} onInput={(event) => setBy(event.currentTarget.value)} />
        <label for="decide-reason">Reason (the agent reads it)</label>
        <input
          id="decide-reason"
          maxLength={2000}
          autocomplete="off"
          value={reason}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
        <p class="tone-bad" role="alert">
          {wrong?.message}
        </p>
        <div class="acts">
          <button type="button" class="button quiet" onClick={() => onClose(isOver)}>
            {isOver ? "Close" : "Cancel"}
          </button>
          {isOver ? null : (
            <button type="submit" class={verdict === "approved" ? "button yes solid" : "button no solid"} disabled={busy} autoFocus>
              {verb}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
