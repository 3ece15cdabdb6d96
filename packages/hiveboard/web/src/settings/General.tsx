/** Thresholds that colour the dashboard, how long events are kept, and the address that messages link to. */

import { useState } from "preact/hooks";
import { get, request } from "../api/client";
import type { Preferences } from "../api/settings";
import { collect, fill, type Field } from "../model/form";
import { takeThresholds, THRESHOLDS, type ThresholdName } from "../model/thresholds";
import { FieldRow, Fields, useForm, type Form } from "./Form";
import { Loaded, mayChange, Panel, Saying, useList, type Said } from "./Panel";

const NEVER = "never";
const OWN = "as the agent registers";

interface Look {
  label: string;
  hint: string;
  field: Pick<Field, "kind" | "unit" | "example"> & { scale?: number };
}

const LOOKS: Record<ThresholdName, Look> = {
  success_rate: { label: "Success rate", hint: "Below; green above both.", field: { kind: "percent", unit: "%", example: NEVER } },
  waiting_agents: { label: "Agents that wait", hint: "From so many on.", field: { kind: "number", example: NEVER } },
  stuck_agents: { label: "Agents that are stuck", hint: "From so many on.", field: { kind: "number", example: NEVER } },
  error_agents: { label: "Agents in error", hint: "From so many on.", field: { kind: "number", example: NEVER } },
  cost_1h: { label: "Cost of the last hour", hint: "From so much on.", field: { kind: "number", unit: "$", example: NEVER } },
  avg_duration_ms: { label: "Average run", hint: "From so long on.", field: { kind: "duration", scale: 1000, example: NEVER } },
  heartbeat_age_seconds: { label: "Age of a heartbeat", hint: "From so old on.", field: { kind: "duration", example: OWN } },
  no_progress_seconds: { label: "No progress of a run", hint: "From so long on.", field: { kind: "duration", example: OWN } },
};

const STEPS = [
  ["wait", "Warning"],
  ["bad", "Alarm"],
] as const;

function fieldOf(name: ThresholdName, step: "wait" | "bad", label: string): Field {
  const look = LOOKS[name];
  return { path: `thresholds.${name}.${step}`, label: `${look.label}: ${label}`, least: 0, ...look.field };
}

const THRESHOLD_FIELDS: readonly Field[] = THRESHOLDS.flatMap((name) => STEPS.map(([step, label]) => fieldOf(name, step, label)));

const KEPT_FIELDS: readonly Field[] = [
  {
    path: "retention_days",
    label: "Keep events for",
    kind: "whole",
    unit: "days",
    least: 1,
    most: 3650,
    example: "ever",
    half: true,
    hint: "Older ones are deleted for good, a part every hour. Empty keeps everything.",
  },
  {
    path: "public_url",
    label: "Public address",
    kind: "text",
    example: "https://hive.example.com",
    half: true,
    hint: "Links in alerts lead there. Empty: as hiveboard serve --public-url says.",
  },
];

/** A threshold is sent with both its steps; a field of another kind alone. */
const group = (field: Field) => field.path.split(".").slice(0, 2).join(".");

/** Only what was changed here is sent: what somebody else changed meanwhile stays. */
function useSaved(fields: readonly Field[], stored: Preferences, done: (text: string) => void): Form {
  const [before, setBefore] = useState(() => fill(fields, stored));
  const form: Form = useForm({
    fields: () => fields,
    start: before,
    send: async (values) => {
      const touched = new Set(fields.filter((field) => values[field.path] !== before[field.path]).map(group));
      const body = collect(fields.filter((field) => touched.has(group(field))), values, true);
      const saved = await request<Preferences>("PATCH", "settings", { body });
      takeThresholds(saved.thresholds);
      setBefore(fill(fields, saved));
      form.reset(fill(fields, saved));
      done("Saved. It holds from now on, for everybody.");
    },
  });
  return form;
}

function Save({ form, said, about }: { form: Form; said: Said | null; about: string }) {
  return (
    <div class="form-foot in-panel">
      {form.problems[""] ? (
        <p class="tone-bad" role="alert">
          {form.problems[""]}
        </p>
      ) : (
        <Saying said={form.changed ? { text: "Not saved yet.", isBad: false } : said} />
      )}
      {mayChange() ? (
        <button type="submit" class="button solid" aria-label={`Save: ${about}`} disabled={form.busy || !form.changed}>
          Save
        </button>
      ) : null}
    </div>
  );
}

function ThresholdForm({ stored }: { stored: Preferences }) {
  const [said, setSaid] = useState<Said | null>(null);
  const form = useSaved(THRESHOLD_FIELDS, stored, (text) => setSaid({ text }));
  return (
    <Panel title="Thresholds" hint="From which value on a number of the fleet is shown as a warning or as an alarm. A number without a threshold stays neutral.">
      <form ref={form.box} onSubmit={form.submit} noValidate>
        <fieldset class="plain" disabled={!mayChange()}>
          <legend class="sr-only">Thresholds</legend>
          <div class="thresholds">
            <div class="thresholds-head dim" aria-hidden="true">
              <span />
              <span class="tone-wait">Warning</span>
              <span class="tone-bad">Alarm</span>
            </div>
            {THRESHOLDS.map((name) => (
              <div key={name} class="threshold">
                <div>
                  {LOOKS[name].label}
                  <span class="settings-line dim">{LOOKS[name].hint}</span>
                </div>
                {STEPS.map(([step, label]) => {
                  const field = fieldOf(name, step, label);
                  return (
                    <FieldRow
                      key={step}
                      field={field}
                      value={form.values[field.path]}
                      problem={form.problems[field.path]}
                      onValue={(value) => form.set(field.path, value)}
                    />
                  );
                })}
              </div>
            ))}
          </div>
        </fieldset>
        <Save form={form} said={said} about="thresholds" />
      </form>
    </Panel>
  );
}

function KeptForm({ stored }: { stored: Preferences }) {
  const [said, setSaid] = useState<Said | null>(null);
  const form = useSaved(KEPT_FIELDS, stored, (text) => setSaid({ text }));
  return (
    <Panel title="Retention and address">
      <form ref={form.box} onSubmit={form.submit} noValidate class="in-panel">
        <fieldset class="plain" disabled={!mayChange()}>
          <legend class="sr-only">Retention and address</legend>
          <Fields form={form} fields={KEPT_FIELDS} />
        </fieldset>
        <p class="settings-hint dim flush">
          Messages link to <bdi class="id">{stored.effective_public_url ?? "the address by which their rule was made"}</bdi>
        </p>
        <Save form={form} said={said} about="retention and address" />
      </form>
    </Panel>
  );
}

export function General() {
  const settings = useList<Preferences>("settings", (abort) => get<Preferences>("settings", {}, abort));
  return (
    <Loaded from={settings}>
      {(stored) => (
        <>
          <ThresholdForm stored={stored} />
          <KeptForm stored={stored} />
        </>
      )}
    </Loaded>
  );
}
