/** Pieces that every part of the settings shares: panels, confirmations, what was done last, why something is not offered. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { access } from "../api/session";
import { Dialog } from "../parts/Dialog";
import { Heads, Panel as Frame } from "../parts/Panel";
import { Loaded as Answered } from "../parts/States";
import { useResource, type Load, type Resource } from "../state/resource";

/** Whether the reader may change anything here. A collector without keys lets everybody who reaches it. */
export function mayChange(): boolean {
  const here = access.value;
  return here !== null && (here.auth === "open" || here.may.includes("admin"));
}

/** Why nothing can be changed; silent where it can. */
export function WhyNot() {
  const here = access.value;
  if (here === null || mayChange()) return null;
  return (
    <p class="settings-note tone-wait" role="note">
      The key you signed in with{here.name ? ` (${here.name})` : ""} may only {here.may.includes("write") ? "read and send events" : "read"}.
      To change anything here, sign in with a key that has the scope admin.
    </p>
  );
}

interface PanelProps {
  title: string;
  count?: number | string;
  hint?: ComponentChildren;
  action?: ComponentChildren;
  children: ComponentChildren;
}

export function Panel({ title, count, hint, action, children }: PanelProps) {
  return (
    <Frame title={title} count={count} action={action} kind="settings-panel" label={title}>
      {hint ? <p class="settings-hint dim">{hint}</p> : null}
      {children}
    </Frame>
  );
}

export interface Row {
  key: string;
  cells: readonly ComponentChildren[];
  /** Across the row, below its cells. */
  below?: ComponentChildren;
  dim?: boolean;
}

/** A table whose rows become stacks on a narrow window. */
export function Rows({ heads, rows, label }: { heads: readonly string[]; rows: readonly Row[]; label: string }) {
  return (
    <table class="table stack settings-table" aria-label={label}>
      <Heads heads={heads} />
      <tbody>
        {rows.map((row) => [
          <tr key={row.key} class={row.dim ? "is-off" : undefined}>
            {row.cells.map((cell, index) => (
              <td key={index} data-head={heads[index]}>
                {cell}
              </td>
            ))}
          </tr>,
          row.below ? (
            <tr key={`${row.key}\nbelow`} class="row-below">
              <td colSpan={heads.length}>{row.below}</td>
            </tr>
          ) : null,
        ])}
      </tbody>
    </table>
  );
}

/** Things set up change seldom by themselves: they are read again every 15 seconds, and whenever something was changed here. */
export function useList<T>(key: string, load: Load<T>): Resource<T> {
  return useResource(key, load, (pulse) => pulse.kind === "resync");
}

/** What a part shows: its data, or why there is none. */
export function Loaded<T>({ from, children }: { from: Resource<T>; children: (data: T) => ComponentChildren }) {
  return (
    <Answered from={from} data={from.data.value}>
      {children}
    </Answered>
  );
}

export interface Said {
  text: string;
  isBad?: boolean;
}

/** What was done last, heard by screen readers too. */
export function Saying({ said }: { said: Said | null }) {
  return (
    <p class={`settings-said ${said?.isBad ? "tone-bad" : "tone-good"}`} role="status">
      {said?.text}
    </p>
  );
}

/** Run something that asks the collector; its refusal is said, not thrown. */
export async function attempt(say: (said: Said) => void, work: () => Promise<string>): Promise<void> {
  try {
    say({ text: await work() });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    say({ text: error.message, isBad: true });
  }
}

interface ActProps {
  label: string;
  /** What it is about, for those who do not see the row. */
  about: string;
  work: () => Promise<void> | void;
  kind?: string;
  /** While it goes on. */
  during?: string;
}

/** A button that cannot be pressed twice while the collector thinks. */
export function Act({ label, about, work, kind = "", during }: ActProps) {
  const [busy, setBusy] = useState(false);
  const press = async () => {
    setBusy(true);
    try {
      await work();
    } finally {
      setBusy(false);
    }
  };
  return (
    <button type="button" class={`button ${kind}`} disabled={busy} aria-label={`${label}: ${about.slice(0, 80)}`} onClick={press}>
      {busy ? (during ?? label) : label}
    </button>
  );
}

interface ConfirmProps {
  title: string;
  verb: string;
  children: ComponentChildren;
  /** Resolves when it is done; its refusal is shown. */
  work: () => Promise<void>;
  onClose: () => void;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ title, verb, children, work, onClose }: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const press = async () => {
    setBusy(true);
    try {
      await work();
      onClose();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setWrong(error.message);
      setBusy(false);
    }
  };
  return (
    <Dialog label={title} onClose={onClose}>
      <div class="form">
        <h2 class="wrap">{title}</h2>
        <div class="wrap">{children}</div>
        <div class="form-foot">
          <p class="tone-bad" role="alert">
            {wrong}
          </p>
          <button type="button" class="button quiet" autoFocus onClick={onClose}>
            Cancel
          </button>
          <button type="button" class="button danger" disabled={busy} onClick={press}>
            {verb}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
