/** Channels that alerts go to. */

import { useState } from "preact/hooks";
import { remove, save, testAlert, type Alert, type Channel } from "../api/settings";
import { channelFields, channelWord, targetOf } from "../model/channel";
import { collect, fill, type Values } from "../model/form";
import { Deliveries } from "./Deliveries";
import { FormDialog } from "./Form";
import { Act, attempt, Confirm, mayChange, Panel, Rows, Saying, type Said } from "./Panel";

const fields = (values: Values) => channelFields(String(values["channel.type"]));

function ChannelForm({ channel, onClose, done }: { channel: Channel | null; onClose: () => void; done: (saved: Channel) => void }) {
  return (
    <FormDialog
      title={channel ? "Change the channel" : "New channel"}
      verb={channel ? "Save" : "Make the channel"}
      fields={fields}
      start={fill(channelFields(channel?.channel.type ?? "webhook"), channel)}
      onClose={onClose}
      send={async (values) => done(await save<Channel>("alerts/channels", channel?.channel_id ?? null, collect(fields(values), values)))}
    />
  );
}

export function Channels({ channels, changed }: { channels: readonly Channel[]; changed: () => void }) {
  const [open, setOpen] = useState<{ channel: Channel | null } | null>(null);
  const [doomed, setDoomed] = useState<Channel | null>(null);
  const [said, setSaid] = useState<Said | null>(null);
  const [tested, setTested] = useState<{ id: string; alert: Alert } | null>(null);
  const may = mayChange();
  const test = (channel: Channel) =>
    attempt(setSaid, async () => {
      setTested(null);
      setTested({ id: channel.channel_id, alert: await testAlert("channels", channel.channel_id) });
      changed();
      return "";
    });
  return (
    <Panel
      title="Channels"
      count={channels.length}
      action={may ? <button type="button" class="button" onClick={() => setOpen({ channel: null })}>New channel</button> : null}
    >
      {channels.length === 0 ? (
        <p class="settings-empty">
          <strong>No channel yet.</strong> A webhook, Slack, e-mail or a program of your own: make one, press Test, then name it in a rule.
        </p>
      ) : (
        <Rows
          label="Channels"
          heads={["Channel", "Kind", "Goes to", "Rules", ""]}
          rows={channels.map((channel) => ({
            key: channel.channel_id,
            cells: [
              <strong class="wrap">
                <bdi>{channel.name}</bdi>
              </strong>,
              channelWord(channel.channel.type),
              <bdi class="id wrap-id">{targetOf(channel)}</bdi>,
              <span class="num">{channel.rules.length}</span>,
              may ? (
                <span class="acts">
                  <Act label="Test" during="Testing…" about={channel.name} work={() => test(channel)} />
                  <Act label="Edit" about={channel.name} work={() => setOpen({ channel })} />
                  <Act label="Delete" kind="quiet" about={channel.name} work={() => setDoomed(channel)} />
                </span>
              ) : null,
            ],
            below: tested?.id === channel.channel_id ? <Deliveries alert={tested.alert} isTest /> : null,
          }))}
        />
      )}
      <Saying said={said} />
      {open ? (
        <ChannelForm
          channel={open.channel}
          onClose={() => setOpen(null)}
          done={(saved) => {
            setOpen(null);
            setSaid({ text: `“${saved.name}” is saved. Press Test to see whether it arrives.` });
            changed();
          }}
        />
      ) : null}
      {doomed ? (
        <Confirm
          title={`Delete “${doomed.name}”?`}
          verb="Delete the channel"
          onClose={() => setDoomed(null)}
          work={async () => {
            await remove("alerts/channels", doomed.channel_id);
            setSaid({ text: `“${doomed.name}” is deleted.` });
            changed();
          }}
        >
          {doomed.rules.length > 0
            ? `${doomed.rules.length === 1 ? "One rule names" : `${doomed.rules.length} rules name`} it: take it out of them first.`
            : "Its address and secrets are forgotten."}
        </Confirm>
      ) : null}
    </Panel>
  );
}
