/** Alert rules: what each watches and how it stands; made, changed, tested, silenced and deleted here. */

import { useState } from "preact/hooks";
import { remove, save, silence, testAlert, type Alert, type Channel, type Rule } from "../api/settings";
import { exact } from "../format";
import { CONDITIONS, ruleFields, sayCondition, sayFilters, SEVERITY_TONE } from "../model/alert";
import { collect, fill, type Values } from "../model/form";
import { ShapeMark } from "../parts/Marks";
import { Age } from "../parts/Text";
import { allAgents, environments, projectNames } from "../state/fleet";
import { Deliveries } from "./Deliveries";
import { FormDialog } from "./Form";
import { Act, attempt, Confirm, mayChange, Panel, Rows, Saying, type Row, type Said } from "./Panel";

const NAMES = {
  projects: () => projectNames.value,
  environments: () => environments.value,
  agents: () => allAgents.value.map((agent) => agent.agent_id).slice(0, 200),
};

/** Rules most people want first, ready to be saved. */
const IDEAS: readonly { name: string; type: string; severity?: string }[] = [
  { name: "Agents stuck", type: "agent_stuck", severity: "critical" },
  { name: "Any failure", type: "task_failed" },
  { name: "Budget of a day", type: "budget" },
  { name: "Approvals waiting", type: "approval_waiting" },
];

type Draft = { rule: Rule | null; name?: string; type: string; severity?: string };

function RuleForm({ draft, channels, onClose, done }: { draft: Draft; channels: readonly Channel[]; onClose: () => void; done: (rule: Rule) => void }) {
  const fields = (values: Values) => ruleFields(String(values["condition.type"]), channels, NAMES);
  const start = {
    ...fill(ruleFields(draft.type, channels, NAMES), draft.rule),
    "condition.type": draft.type,
    ...(draft.rule ? {} : { name: draft.name ?? "", channels: channels.length === 1 ? channels.map((item) => item.channel_id) : [] }),
    ...(draft.severity ? { severity: draft.severity } : {}),
  };
  return (
    <FormDialog
      title={draft.rule ? "Change the rule" : "New rule"}
      verb={draft.rule ? "Save" : "Make the rule"}
      fields={fields}
      start={start}
      onClose={onClose}
      send={async (values) => {
        const body = { filters: {}, ...collect(fields(values), values) };
        done(await save<Rule>("alerts/rules", draft.rule?.rule_id ?? null, body));
      }}
    />
  );
}

function State({ rule }: { rule: Rule }) {
  if (!rule.enabled) return <span class="status tone-off"><ShapeMark shape="ring" tone="off" /> Off</span>;
  if (rule.is_silenced)
    return (
      <span class="status tone-idle" title={`Until ${exact(rule.silenced_until)}`}>
        <ShapeMark shape="pause" tone="idle" /> Silent, ends <Age at={rule.silenced_until} />
      </span>
    );
  if (rule.firing > 0)
    return (
      <span class={`status tone-${SEVERITY_TONE[rule.severity] === "bad" ? "bad" : "wait"}`}>
        <ShapeMark shape="octagon" tone={SEVERITY_TONE[rule.severity] === "bad" ? "bad" : "wait"} /> Firing{rule.firing > 1 ? ` × ${rule.firing}` : ""}
      </span>
    );
  return <span class="status tone-good"><ShapeMark shape="check" tone="good" /> Quiet</span>;
}

const SILENCES: readonly [label: string, seconds: number][] = [
  ["15 minutes", 900],
  ["1 hour", 3600],
  ["8 hours", 28_800],
  ["1 day", 86_400],
  ["1 week", 604_800],
];

function SilencePicker({ rule, pick }: { rule: Rule; pick: (seconds: number) => void }) {
  return (
    <select
      class="picker silence-picker"
      aria-label={`Silence: ${rule.name.slice(0, 80)}`}
      value=""
      onChange={(event) => {
        const chosen = Number(event.currentTarget.value);
        event.currentTarget.value = "";
        if (chosen) pick(chosen);
      }}
    >
      <option value="">Silence</option>
      {SILENCES.map(([label, seconds]) => (
        <option key={label} value={seconds}>
          for {label}
        </option>
      ))}
    </select>
  );
}

interface Props {
  rules: readonly Rule[];
  channels: readonly Channel[];
  changed: () => void;
}

function Teach({ begin }: { begin: (draft: Draft) => void }) {
  return (
    <div class="settings-empty">
      <p>
        <strong>Nobody is told of anything yet.</strong> A rule says what to watch, a channel where to tell it. The collector looks
        once a second, also when this page is closed.
      </p>
      {mayChange() ? (
        <p class="ideas">
          <span class="dim">Begin with</span>
          {IDEAS.map((idea) => (
            <button key={idea.type} type="button" class="button" onClick={() => begin({ rule: null, ...idea })}>
              {idea.name}
            </button>
          ))}
        </p>
      ) : null}
    </div>
  );
}

export function Rules({ rules, channels, changed }: Props) {
  const [draft, setDraft] = useState<Draft | null>(null);
  const [doomed, setDoomed] = useState<Rule | null>(null);
  const [said, setSaid] = useState<Said | null>(null);
  const [tested, setTested] = useState<{ id: string; alert: Alert } | null>(null);
  const may = mayChange();
  const nameOf = (id: string) => channels.find((item) => item.channel_id === id)?.name ?? id;
  const test = (rule: Rule) =>
    attempt(setSaid, async () => {
      setTested(null);
      const alert = await testAlert("rules", rule.rule_id);
      setTested({ id: rule.rule_id, alert });
      changed();
      return "";
    });
  const hush = (rule: Rule, seconds: number | null) =>
    attempt(setSaid, async () => {
      await silence(rule.rule_id, seconds);
      changed();
      return seconds === null ? `“${rule.name}” tells again.` : `“${rule.name}” is silent. What still holds afterwards is told then.`;
    });
  const rowOf = (rule: Rule): Row => ({
    key: rule.rule_id,
    dim: !rule.enabled,
    cells: [
      <State rule={rule} />,
      <span class="wrap">
        <strong>
          <bdi>{rule.name}</bdi>
        </strong>
        <span class={`badge tone-${SEVERITY_TONE[rule.severity] ?? "none"}`}>{rule.severity}</span>
        <span class="settings-line dim">
          Tells when {sayCondition(rule.condition)}
          {sayFilters(rule.filters) ? <bdi>; only {sayFilters(rule.filters)}</bdi> : null}
        </span>
      </span>,
      rule.channels.length === 0 ? <span class="dim">history only</span> : <span class="wrap"><bdi>{rule.channels.map(nameOf).join(", ")}</bdi></span>,
      may ? (
        <span class="acts">
          {rule.channels.length > 0 ? <Act label="Test" during="Testing…" about={rule.name} work={() => test(rule)} /> : null}
          {rule.is_silenced ? (
            <Act label="End silence" about={rule.name} work={() => hush(rule, null)} />
          ) : rule.enabled ? (
            <SilencePicker rule={rule} pick={(seconds) => void hush(rule, seconds)} />
          ) : null}
          <Act label="Edit" about={rule.name} work={() => setDraft({ rule, type: rule.condition.type })} />
          <Act label="Delete" kind="quiet" about={rule.name} work={() => setDoomed(rule)} />
        </span>
      ) : null,
    ],
    below: tested?.id === rule.rule_id ? <Deliveries alert={tested.alert} isTest /> : null,
  });
  return (
    <Panel
      title="Rules"
      count={rules.length}
      action={may ? <button type="button" class="button" onClick={() => setDraft({ rule: null, type: Object.keys(CONDITIONS)[0] ?? "" })}>New rule</button> : null}
    >
      {rules.length === 0 ? <Teach begin={setDraft} /> : <Rows label="Rules" heads={["State", "Rule", "Tells", ""]} rows={[...rules].sort((a, b) => Number(b.firing > 0) - Number(a.firing > 0)).map(rowOf)} />}
      <Saying said={said} />
      {draft ? (
        <RuleForm
          draft={draft}
          channels={channels}
          onClose={() => setDraft(null)}
          done={(rule) => {
            setDraft(null);
            setSaid({ text: `“${rule.name}” ${draft.rule ? "is saved" : "watches from now on"}.` });
            changed();
          }}
        />
      ) : null}
      {doomed ? (
        <Confirm
          title={`Delete “${doomed.name}”?`}
          verb="Delete the rule"
          onClose={() => setDoomed(null)}
          work={async () => {
            await remove("alerts/rules", doomed.rule_id);
            setSaid({ text: `“${doomed.name}” is deleted.` });
            changed();
          }}
        >
          Nobody is told by it any more. Its history stays.
        </Confirm>
      ) : null}
    </Panel>
  );
}
