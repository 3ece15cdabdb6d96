/** Policies that the SDK follows: a list to be edited one by one, or all of them as JSON. */

import { useState } from "preact/hooks";
import { ApiError, get } from "../api/client";
import { putPolicies, type Policy, type PolicySet } from "../api/settings";
import { collect, fill, type Values } from "../model/form";
import { idFrom, POLICY_KINDS, policyFields, readPolicies, sayMatch, sayPolicy } from "../model/policy";
import { CopyButton } from "../parts/Text";
import { FormDialog } from "./Form";
import { Act, Confirm, Loaded, mayChange, Panel, Rows, Saying, useList, type Row, type Said } from "./Panel";

const ITEM = /^policies\[[^\]]*\]\.?/;
const ACTION_TONE: Record<string, string> = { block: "bad", throttle: "wait", warn: "none" };
const fields = (values: Values) => policyFields(String(values["kind"]));

/** Somebody else changed them: what is shown here is old. */
function isOutdated(error: unknown): boolean {
  return error instanceof ApiError && error.status === 412;
}

interface FormProps {
  set: PolicySet;
  policy: Policy | null;
  onClose: () => void;
  done: (text: string) => void;
}

function PolicyForm({ set, policy, onClose, done }: FormProps) {
  return (
    <FormDialog
      title={policy ? "Change the policy" : "New policy"}
      verb={policy ? "Save" : "Make the policy"}
      fields={fields}
      start={fill(policyFields(policy?.kind ?? "budget"), policy)}
      below={ITEM}
      onClose={onClose}
      send={async (values) => {
        const made = collect(fields(values), values);
        const others = set.policies.filter((item) => item !== policy);
        if (made["id"] === undefined) made["id"] = idFrom(String(made["name"]), others.map((item) => item.id));
        const full = { match: {}, limit: {}, ...made };
        const next = policy ? set.policies.map((item) => (item === policy ? full : item)) : [...set.policies, full];
        await putPolicies(next, set.version);
        done(`“${String(made["name"])}” is in force as soon as agents ask again.`);
      }}
    />
  );
}

function JsonForm({ set, onDone, onCancel }: { set: PolicySet; onDone: (text: string) => void; onCancel: () => void }) {
  const [text, setText] = useState(() => JSON.stringify(set.policies, null, 2));
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const read = readPolicies(text);
    if ("problem" in read) return setProblem(read.problem);
    setBusy(true);
    try {
      await putPolicies(read.policies, set.version);
      onDone("The policies are in force as soon as agents ask again.");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error.message);
    }
    setBusy(false);
  };
  return (
    <form class="form in-panel" onSubmit={submit}>
      <div class="field">
        <label for="policies-json">All policies, as JSON</label>
        <textarea
          id="policies-json"
          class="json"
          rows={18}
          spellcheck={false}
          value={text}
          aria-invalid={problem ? "true" : undefined}
          aria-describedby="policies-json-wrong"
          onInput={(event) => {
            setText(event.currentTarget.value);
            setProblem("");
          }}
        />
      </div>
      <div class="form-foot">
        <p id="policies-json-wrong" class="tone-bad" role="alert">
          {problem}
        </p>
        <CopyButton quiet label="Copy the JSON" text={() => text} />
        <button type="button" class="button quiet" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" class="button solid" disabled={busy}>
          Save all
        </button>
      </div>
    </form>
  );
}

function rowOf(policy: Policy, edit: () => void, drop: () => void): Row {
  return {
    key: policy.id,
    cells: [
      <span class="wrap">
        <strong>
          <bdi>{policy.name}</bdi>
        </strong>
        <bdi class="settings-line id dim">{policy.id}</bdi>
      </span>,
      <span>{POLICY_KINDS.find((item) => item.value === policy.kind)?.label ?? policy.kind}</span>,
      <span class="wrap">
        <bdi>{sayPolicy(policy)}</bdi>
      </span>,
      <span class={`badge tone-${ACTION_TONE[policy.action] ?? "none"}`}>{policy.action}</span>,
      sayMatch(policy) ? (
        <span class="wrap">
          <bdi>{sayMatch(policy)}</bdi>
        </span>
      ) : (
        <span class="dim">everybody</span>
      ),
      mayChange() ? (
        <span class="acts">
          <Act label="Edit" about={policy.name} work={edit} />
          <Act label="Delete" kind="quiet" about={policy.name} work={drop} />
        </span>
      ) : null,
    ],
  };
}

type Open = { kind: "form"; set: PolicySet; policy: Policy | null } | { kind: "json"; set: PolicySet } | { kind: "drop"; set: PolicySet; policy: Policy };

export function Policies() {
  const list = useList<PolicySet>("policies", (abort) => get<PolicySet>("policies", {}, abort));
  const [open, setOpen] = useState<Open | null>(null);
  const [said, setSaid] = useState<Said | null>(null);
  const done = (text: string) => {
    setOpen(null);
    setSaid({ text });
    list.reload();
  };
  return (
    <Loaded from={list}>
      {(set) => (
        <Panel
          title="Policies"
          count={set.policies.length}
          hint="What agents may spend, how often they may run, which tools and models they may use. Programs with the SDK ask for them and follow them by themselves."
          action={
            mayChange() && open?.kind !== "json" ? (
              <>
                <button type="button" class="button quiet" onClick={() => setOpen({ kind: "json", set })}>
                  Edit as JSON
                </button>
                <button type="button" class="button" onClick={() => setOpen({ kind: "form", set, policy: null })}>
                  New policy
                </button>
              </>
            ) : null
          }
        >
          {open?.kind === "json" ? (
            <JsonForm set={open.set} onDone={done} onCancel={() => setOpen(null)} />
          ) : set.policies.length === 0 ? (
            <p class="settings-empty">
              <strong>Nothing is limited.</strong> A budget of half a dollar a run that warns is a good beginning: it shows what would have
              been stopped before anything is.
            </p>
          ) : (
            <Rows
              label="Policies"
              heads={["Policy", "Kind", "Limit", "Then", "For", ""]}
              rows={set.policies.map((policy) =>
                rowOf(
                  policy,
                  () => setOpen({ kind: "form", set, policy }),
                  () => setOpen({ kind: "drop", set, policy }),
                ),
              )}
            />
          )}
          <Saying said={said} />
          {open?.kind === "form" ? <PolicyForm set={open.set} policy={open.policy} onClose={() => setOpen(null)} done={done} /> : null}
          {open?.kind === "drop" ? (
            <Confirm
              title={`Delete “${open.policy.name}”?`}
              verb="Delete the policy"
              onClose={() => setOpen(null)}
              work={async () => {
                try {
                  await putPolicies(open.set.policies.filter((item) => item !== open.policy), open.set.version);
                } catch (error) {
                  if (isOutdated(error)) list.reload();
                  throw error;
                }
                done(`“${open.policy.name}” is deleted.`);
              }}
            >
              Agents no longer follow it as soon as they ask again.
            </Confirm>
          ) : null}
        </Panel>
      )}
    </Loaded>
  );
}
