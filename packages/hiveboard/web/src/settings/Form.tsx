/** Forms: a field with its label, hint and what is wrong with it; a form waits for the collector before it believes anything. */

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { check, fill, place, type Field, type Problems, type Value, type Values } from "../model/form";
import { Dialog } from "../parts/Dialog";

interface InputProps {
  field: Field;
  value: Value | undefined;
  problem: string | undefined;
  onValue: (value: Value) => void;
}

const LONG = ["long", "lines", "pairs"];
const NUMERIC = ["number", "whole", "percent"];

/** What every control of a field has in common. */
function naming(field: Field, id: string, problem: string | undefined) {
  const described = [problem ? `${id}-wrong` : "", field.hint ? `${id}-hint` : ""].filter(Boolean).join(" ");
  return {
    id,
    "data-path": field.path,
    "aria-invalid": problem ? ("true" as const) : undefined,
    "aria-describedby": described || undefined,
    "aria-required": field.required ? ("true" as const) : undefined,
  };
}

function Control({ field, value, problem, onValue, id }: InputProps & { id: string }) {
  const common = naming(field, id, problem);
  const text = typeof value === "string" ? value : "";
  if (field.kind === "choice")
    return (
      <select {...common} class="picker" value={text} onChange={(event) => onValue(event.currentTarget.value)}>
        {(field.options ?? []).map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    );
  const shared = { ...common, value: text, placeholder: field.example, spellcheck: false, autocomplete: "off" };
  if (LONG.includes(field.kind))
    return <textarea {...shared} rows={field.kind === "long" ? 4 : 2} onInput={(event) => onValue(event.currentTarget.value)} />;
  if (field.kind === "secret")
    return (
      <input {...shared} type="password" autocomplete="new-password" onInput={(event) => onValue(event.currentTarget.value)} />
    );
  return (
    <span class="field-line">
      {field.unit === "$" ? <span class="dim">$</span> : null}
      <input
        {...shared}
        type="text"
        {...(NUMERIC.includes(field.kind) ? { inputMode: "decimal" as const } : {})}
        {...(field.suggest ? { list: `${id}-list` } : {})}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
      {field.unit && field.unit !== "$" ? <span class="dim">{field.unit}</span> : null}
      {field.suggest ? (
        <datalist id={`${id}-list`}>
          {field.suggest().map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      ) : null}
    </span>
  );
}

function Many({ field, value, problem, onValue, id }: InputProps & { id: string }) {
  const chosen = Array.isArray(value) ? (value as readonly string[]) : [];
  const flip = (name: string) => onValue(chosen.includes(name) ? chosen.filter((item) => item !== name) : [...chosen, name]);
  return (
    <fieldset class="field-many" aria-describedby={problem ? `${id}-wrong` : undefined}>
      <legend>{field.label}</legend>
      {(field.options ?? []).map((option) => (
        <label key={option.value} class="field-check">
          <input
            type="checkbox"
            data-path={field.path}
            checked={chosen.includes(option.value)}
            aria-invalid={problem ? "true" : undefined}
            onChange={() => flip(option.value)}
          />
          <span class="wrap">
            <bdi>{option.label}</bdi> {option.hint ? <span class="dim">{option.hint}</span> : null}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

export function FieldRow(props: InputProps) {
  const { field, value, problem, onValue } = props;
  const id = useId();
  const notes = (
    <>
      {problem ? (
        <span class="field-wrong tone-bad" id={`${id}-wrong`}>
          {problem}
        </span>
      ) : null}
      {field.hint ? (
        <span class="field-hint dim" id={`${id}-hint`}>
          {field.hint}
        </span>
      ) : null}
    </>
  );
  if (field.kind === "check")
    return (
      <div class="field">
        <label class="field-check">
          <input {...naming(field, id, problem)} type="checkbox" checked={value === true} onChange={(event) => onValue(event.currentTarget.checked)} />
          <span>{field.label}</span>
        </label>
        {notes}
      </div>
    );
  return (
    <div class={field.half ? "field half" : "field"}>
      {field.kind === "many" ? (
        <Many {...props} id={id} />
      ) : (
        <>
          <label for={id}>{field.label}</label>
          <Control {...props} id={id} />
        </>
      )}
      {notes}
    </div>
  );
}

export interface Form {
  values: Values;
  problems: Problems;
  busy: boolean;
  changed: boolean;
  set: (path: string, value: Value) => void;
  /** Begin anew with these values. */
  reset: (values: Values) => void;
  submit: (event: Event) => Promise<void>;
  box: { current: HTMLFormElement | null };
}

interface FormOptions {
  fields: (values: Values) => readonly Field[];
  start: Values;
  send: (values: Values) => Promise<void>;
  /** What the collector writes before the names of these fields. */
  below?: RegExp;
}

/** The state of a form. What is wrong stands at its field, and the first such field has the focus. */
export function useForm({ fields, start, send, below }: FormOptions): Form {
  const [values, setValues] = useState(start);
  const [problems, setProblems] = useState<Problems>({});
  const [busy, setBusy] = useState(false);
  const [changed, setChanged] = useState(false);
  const box = useRef<HTMLFormElement>(null);
  useEffect(() => box.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus(), [problems]);
  const set = (path: string, value: Value) => {
    const next = { ...values, [path]: value };
    // Another kind brings fields of its own; what they have in common stays.
    setValues({ ...fill(fields(next)), ...next });
    setChanged(true);
    if (problems[path]) setProblems(Object.fromEntries(Object.entries(problems).filter(([name]) => name !== path)));
  };
  const reset = (next: Values) => {
    setValues(next);
    setChanged(false);
    setProblems({});
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    const shown = fields(values);
    const found = check(shown, values);
    setProblems(found);
    if (Object.keys(found).length > 0) return;
    setBusy(true);
    try {
      await send(values);
      setChanged(false);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblems(place(error, shown, below ?? ""));
    }
    setBusy(false);
  };
  return { values, problems, busy, changed, set, reset, submit, box };
}

export function Fields({ form, fields }: { form: Form; fields: readonly Field[] }) {
  return (
    <div class="fields">
      {fields.map((field) => (
        <FieldRow
          key={field.path}
          field={field}
          value={form.values[field.path]}
          problem={form.problems[field.path]}
          onValue={(value) => form.set(field.path, value)}
        />
      ))}
    </div>
  );
}

interface FormDialogProps extends FormOptions {
  title: string;
  verb: string;
  onClose: () => void;
  children?: ComponentChildren | ((values: Values) => ComponentChildren);
}

/** A form in a dialog. What was typed is not lost by a slip: it is closed only when asked twice. */
export function FormDialog({ title, verb, onClose, children, ...options }: FormDialogProps) {
  const form = useForm(options);
  const [warned, setWarned] = useState(false);
  const close = () => (form.changed && !warned ? setWarned(true) : onClose());
  return (
    <Dialog label={title} onClose={close}>
      <form class="form" ref={form.box} onSubmit={form.submit} noValidate>
        <h2>{title}</h2>
        <Fields form={form} fields={options.fields(form.values)} />
        {typeof children === "function" ? children(form.values) : children}
        <div class="form-foot">
          <p class={form.problems[""] ? "tone-bad" : "tone-wait"} role="alert">
            {form.problems[""] ?? (warned ? "What you typed is not saved. Cancel once more to let it go." : "")}
          </p>
          <button type="button" class="button quiet" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="button solid" disabled={form.busy}>
            {verb}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
