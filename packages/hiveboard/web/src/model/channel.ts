/** Channels that alerts go to: the fields of each kind, and what one is called. */

import type { Channel } from "../api/settings";
import type { Field, Option } from "./form";

const KINDS: readonly Option[] = [
  { value: "webhook", label: "Webhook" },
  { value: "slack", label: "Slack" },
  { value: "email", label: "E-mail" },
  { value: "command", label: "Command" },
];

const HIDDEN_STAYS = "Hidden; leave it as it is to keep it.";
const CHANNEL_FIELDS: Record<string, readonly Field[]> = {
  webhook: [
    { path: "channel.url", label: "Address", kind: "text", required: true, example: "https://pager.example.com/in" },
    { path: "channel.secret", label: "Signing secret", kind: "secret", hint: `Optional, at least 8 characters. ${HIDDEN_STAYS}` },
    { path: "channel.headers", label: "Headers", kind: "pairs", hint: `Optional, one a line. ${HIDDEN_STAYS}`, example: "Authorization: Token 1234" },
  ],
  slack: [
    {
      path: "channel.url",
      label: "Incoming webhook",
      kind: "text",
      required: true,
      hint: "The address is a secret and is hidden once saved.",
      example: "https://hooks.slack.com/services/…",
    },
  ],
  email: [
    { path: "channel.to", label: "To", kind: "lines", required: true, hint: "One address a line.", example: "ops@example.com" },
    { path: "channel.sender", label: "From", kind: "text", required: true, example: "hive@example.com" },
    { path: "channel.smtp.host", label: "Mail server", kind: "text", required: true, example: "mail.example.com", half: true },
    { path: "channel.smtp.port", label: "Port", kind: "whole", first: 587, least: 1, most: 65_535, required: true, half: true },
    {
      path: "channel.smtp.security",
      label: "Encryption",
      kind: "choice",
      first: "starttls",
      options: [
        { value: "starttls", label: "STARTTLS" },
        { value: "tls", label: "TLS from the beginning" },
        { value: "none", label: "none" },
      ],
    },
    { path: "channel.smtp.username", label: "User", kind: "text", half: true },
    { path: "channel.smtp.password", label: "Password", kind: "secret", half: true },
  ],
  command: [
    {
      path: "channel.argv",
      label: "Program and arguments",
      kind: "lines",
      required: true,
      hint: "One a line; no shell. The alert comes as JSON on standard input. Needs hiveboard serve --allow-commands.",
      example: "/usr/local/bin/page",
    },
    { path: "channel.timeout_seconds", label: "Ended after", kind: "duration", first: 10, least: 0.1, most: 300, required: true },
  ],
};

/** The fields of a channel of one kind. */
export function channelFields(type: string): Field[] {
  return [
    { path: "name", label: "Name", kind: "text", required: true, example: "Ops" },
    { path: "channel.type", label: "Kind", kind: "choice", first: "webhook", options: KINDS },
    ...(CHANNEL_FIELDS[type] ?? []),
  ];
}

export function channelWord(type: string): string {
  return KINDS.find((kind) => kind.value === type)?.label ?? type;
}

/** Where a channel goes, as far as it is no secret. */
export function targetOf({ channel }: Channel): string {
  if (Array.isArray(channel["to"])) return channel["to"].join(", ");
  if (Array.isArray(channel["argv"])) return String(channel["argv"][0] ?? "");
  return String(channel["url"] ?? "");
}
