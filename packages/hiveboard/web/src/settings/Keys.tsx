/** Keys: who may send, ask and administer. A key is shown once, when it is made. */

import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { access, signIn } from "../api/session";
import { readAll, remove, save, type ApiKey } from "../api/settings";
import { collect, fill, type Field, type Values } from "../model/form";
import { Dialog } from "../parts/Dialog";
import { Loading } from "../parts/States";
import { Age, CopyButton } from "../parts/Text";
import { FormDialog } from "./Form";
import { Act, Confirm, Loaded, mayChange, Panel, Rows, Saying, useList, type Row, type Said } from "./Panel";

type Made = ApiKey & { raw_key: string };

/** Outlives the moment in which the first key closes the collector and the page signs in with it. */
const made = signal<Made | null>(null);

const SCOPES = [
  { value: "ingest", label: "ingest", hint: "send events, answer approvals and issues" },
  { value: "read", label: "read", hint: "every query, the live stream, signing in" },
  { value: "admin", label: "admin", hint: "both, and keys, rules, prices, policies, settings" },
];

function keyFields(isFirst: boolean, isTest: boolean, values: Values): Field[] {
  const types = [
    { value: "live", label: "live: the live namespace" },
    { value: "test", label: "test: the test namespace and nothing else" },
    { value: "read", label: "read: may read and never more" },
  ].filter((type) => (isFirst ? type.value === "live" : isTest ? type.value === "test" : true));
  const scopes: Field = {
    path: "scopes",
    label: "It may",
    kind: "many",
    required: true,
    first: isFirst ? ["ingest", "read", "admin"] : ["ingest", "read"],
    options: SCOPES,
    ...(isFirst ? { hint: "The first key must have the scope admin, so that it can make others." } : {}),
  };
  return [
    { path: "name", label: "Name", kind: "text", example: "Whose it is, or where it is used" },
    { path: "key_type", label: "Type", kind: "choice", first: isTest ? "test" : "live", options: types },
    ...(values["key_type"] === "read" ? [] : [scopes]),
    {
      path: "expires_in_days",
      label: "Expires after",
      kind: "whole",
      unit: "days",
      least: 1,
      most: 3650,
      hint: "Empty: never.",
      half: true,
    },
  ];
}

/** The first key closes the collector to those without one: the page signs in with it before it goes on. */
async function make(values: Values, fields: readonly Field[], isFirst: boolean): Promise<void> {
  const key = await save<Made>("keys", null, collect(fields, values));
  made.value = key;
  if (isFirst) await signIn(key.raw_key);
}

function Shown({ item }: { item: Made }) {
  const close = () => {
    made.value = null;
  };
  return (
    <Dialog label="The new key" onClose={close}>
      <div class="form">
        <h2>Copy the key now</h2>
        <p>This is the only time it is seen. The collector keeps no more than a fingerprint of it.</p>
        <div class="key-shown">
          <code class="code" tabIndex={0}>
            {item.raw_key}
          </code>
          <CopyButton label="Copy the key" text={() => item.raw_key} />
        </div>
        <p class="dim">
          Programs take it from the variable <code>HIVELOOP_API_KEY</code> or <code>hiveloop.init(api_key=…)</code>; a browser asks for it
          when it signs in.
        </p>
        <div class="form-foot">
          <span class="grow" />
          <button type="button" class="button solid" onClick={close}>
            I have it
          </button>
        </div>
      </div>
    </Dialog>
  );
}

function rowOf(key: ApiKey, revoke: () => void): Row {
  const state = key.revoked_at ? "revoked" : key.is_active ? "good" : "expired";
  return {
    key: key.key_id,
    dim: !key.is_active,
    cells: [
      <span class="wrap">
        <strong>
          <bdi>{key.name || "(no name)"}</bdi>
        </strong>
        <span class="settings-line id dim">{key.key_prefix}…</span>
      </span>,
      <span class="wrap">{key.scopes.join(", ")}</span>,
      <span class="wrap">
        <Age at={key.created_at} />
        {key.created_by ? (
          <span class="settings-line dim">
            by <bdi>{key.created_by}</bdi>
          </span>
        ) : null}
      </span>,
      key.last_used_at ? <Age at={key.last_used_at} /> : <span class="dim">never</span>,
      state === "good" ? (
        key.expires_at ? (
          <Age at={key.expires_at} />
        ) : (
          <span class="dim">never</span>
        )
      ) : (
        <span class="badge">{state}</span>
      ),
      key.is_active ? (
        <span class="acts">
          <Act label="Revoke" about={key.name || key.key_prefix} work={revoke} />
        </span>
      ) : null,
    ],
  };
}

function Revoke({ item, keys, onClose, done }: { item: ApiKey; keys: readonly ApiKey[]; onClose: () => void; done: () => void }) {
  const isLastAdmin =
    item.scopes.includes("admin") && !keys.some((key) => key.key_id !== item.key_id && key.is_active && key.scopes.includes("admin"));
  return (
    <Confirm
      title={`Revoke “${item.name || item.key_prefix}”?`}
      verb="Revoke the key"
      onClose={onClose}
      work={async () => {
        await remove("keys", item.key_id, isLastAdmin ? { force: true } : {});
        done();
      }}
    >
      <p>Whoever uses it is refused within a second: programs, browsers that signed in with it, live streams. It cannot be taken back.</p>
      {isLastAdmin ? (
        <p class="tone-bad">
          It is the last key that may administer. Without it, only <code>hiveboard keys create</code> on the collector’s own machine makes
          another.
        </p>
      ) : null}
    </Confirm>
  );
}

export function Keys() {
  const isFirst = access.value?.auth === "open";
  const isTest = access.value?.is_test === true;
  const list = useList<ApiKey[]>(`keys ${mayChange()}`, (abort) => (mayChange() ? readAll<ApiKey>("keys", {}, abort) : Promise.resolve([])));
  const [open, setOpen] = useState(false);
  const [doomed, setDoomed] = useState<ApiKey | null>(null);
  const [said, setSaid] = useState<Said | null>(null);
  const fields = (values: Values) => keyFields(isFirst, isTest, values);
  if (access.value === null) return <Loading />;
  if (!mayChange())
    return (
      <Panel title="Keys">
        <p class="settings-empty dim">Keys are shown to those who may administer.</p>
      </Panel>
    );
  return (
    <Loaded from={list}>
      {(keys) => (
        <Panel
          title="Keys"
          count={keys.filter((key) => key.is_active).length}
          action={
            <button type="button" class="button" onClick={() => setOpen(true)}>
              New key
            </button>
          }
        >
          {keys.length === 0 ? (
            <p class="settings-empty">
              {isFirst ? (
                <>
                  <strong>No key is checked.</strong> Only this machine may connect, and it may do everything. The first key closes the
                  collector: from then on every request needs one, also here. This page signs in with it at once; programs on this machine
                  have to be given one, too.
                </>
              ) : (
                <>
                  <strong>No key in the store.</strong> The collector was started with keys of its own (<code>--key</code>), which are not
                  listed. Keys made here can be named, limited and revoked one by one.
                </>
              )}
            </p>
          ) : (
            <Rows
              label="Keys"
              heads={["Key", "May", "Made", "Last used", "Expires", ""]}
              rows={[...keys].sort((a, b) => Number(b.is_active) - Number(a.is_active)).map((key) => rowOf(key, () => setDoomed(key)))}
            />
          )}
          <Saying said={said} />
          {open ? (
            <FormDialog
              title={isFirst ? "Make the first key" : "New key"}
              verb={isFirst ? "Make it and sign in" : "Make the key"}
              fields={fields}
              start={fill(fields({}))}
              onClose={() => setOpen(false)}
              send={async (values) => {
                await make(values, fields(values), isFirst);
                setOpen(false);
                list.reload();
              }}
            />
          ) : null}
          {made.value ? <Shown item={made.value} /> : null}
          {doomed ? (
            <Revoke
              item={doomed}
              keys={keys}
              onClose={() => setDoomed(null)}
              done={() => {
                setSaid({ text: `“${doomed.name || doomed.key_prefix}” is revoked.` });
                list.reload();
              }}
            />
          ) : null}
        </Panel>
      )}
    </Loaded>
  );
}
