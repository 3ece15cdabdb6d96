/** Small marks: a shape per status, and the few icons of the page. All are drawn, none is a font. */

import type { JSX } from "preact";
import { statusLook, type Shape, type Tone } from "../model/status";
import type { ActionRole, NodeKind } from "../model/tree";

const SHAPES: Record<Shape, JSX.Element> = {
  play: <path d="M4 2.2v11.6L14 8z" />,
  pause: <path d="M3 2.5h3.6v11H3zM9.4 2.5H13v11H9.4z" />,
  octagon: <path fill-rule="evenodd" d="M5 1h6l4 4v6l-4 4H5l-4-4V5zM7 3.8v5.2h2V3.8zM7 10.4v2h2v-2z" />,
  cross: <path d="M3.6 1.8 8 6.2l4.4-4.4 1.8 1.8L9.8 8l4.4 4.4-1.8 1.8L8 9.8l-4.4 4.4-1.8-1.8L6.2 8 1.8 3.6z" />,
  check: <path d="M13.4 2.8 15 4.3 6.3 13.6 1.2 8.7l1.5-1.6 3.5 3.4z" />,
  dot: <circle cx="8" cy="8" r="4" />,
  ring: <path fill-rule="evenodd" d="M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2m0 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8" />,
  hatch: <path d="M2 2h2.5L2 4.5zM7 2h2.8L2 9.8V7zM12.2 2H14v1.1L3.1 14H2v-1.8zM14 5.6v2.8L8.4 14H5.6zM14 11v3h-3z" />,
  up: <path d="M8 1.5 14 8h-3.8v6.5H5.8V8H2z" />,
  slash: (
    <path
      fill-rule="evenodd"
      d="M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13m0 2a4.5 4.5 0 0 0-3.6 7.2l6.3-6.3A4.5 4.5 0 0 0 8 3.5m3.6 1.8-6.3 6.3a4.5 4.5 0 0 0 6.3-6.3"
    />
  ),
};

export function ShapeMark({ shape, tone }: { shape: Shape; tone: Tone }) {
  return (
    <svg class={`mark tone-${tone}`} viewBox="0 0 16 16" aria-hidden="true">
      {SHAPES[shape]}
    </svg>
  );
}

/** Shape, colour and word of a status. */
export function StatusMark({ status, word = true }: { status: string | null | undefined; word?: boolean }) {
  const look = statusLook(status);
  return (
    <span class={`status tone-${look.tone}`} title={look.word}>
      <ShapeMark shape={look.shape} tone={look.tone} />
      {word ? <span>{look.word}</span> : <span class="sr-only">{look.word}</span>}
    </span>
  );
}

const ICONS = {
  search: "M7 2a5 5 0 0 1 3.9 8.1l3.5 3.5-1 1-3.5-3.5A5 5 0 1 1 7 2m0 1.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7",
  copy: "M5 1h9v10h-3v4H2V5h3zm1.5 4H11v4.5h1.5v-7h-6zM3.5 6.5v7h6v-7z",
  link: "M6.6 9.4a2.6 2.6 0 0 0 3.7 0l2.5-2.5a2.6 2.6 0 0 0-3.7-3.7L8 4.3 7 3.3l1.1-1.2a4.1 4.1 0 0 1 5.8 5.8l-2.5 2.6a4.1 4.1 0 0 1-5.8 0zM9.4 6.6a2.6 2.6 0 0 0-3.7 0L3.2 9.1a2.6 2.6 0 0 0 3.7 3.7L8 11.7l1 1-1.1 1.2a4.1 4.1 0 0 1-5.8-5.8l2.5-2.6a4.1 4.1 0 0 1 5.8 0z",
  close: "M3.3 2.2 8 6.9l4.7-4.7 1.1 1.1L9.1 8l4.7 4.7-1.1 1.1L8 9.1l-4.7 4.7-1.1-1.1L6.9 8 2.2 3.3z",
  chevron: "M5.5 3 11 8l-5.5 5-1-1.1L8.7 8 4.5 4.1z",
  open: "M9 2h5v5h-1.5V4.6L7.6 9.5 6.5 8.4l4.9-4.9H9zM2 4h5v1.5H3.5v7h7V9H12v5H2z",
  screen: "M1.5 2.5h13v9H9V13h2v1.5H5V13h2v-1.5H1.5zM3 4v6h10V4z",
  pause: "M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z",
  play: "M4 2.5v11L13.5 8z",
  alert: "M8 1.2 15.4 14H.6zM7.2 6v4h1.6V6zm0 5v1.6h1.6V11z",
  auto: "M8 1.5a6.5 6.5 0 1 1 0 13zm0 1.5v10a5 5 0 0 1 0-10",
  light:
    "M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6M7.2.5h1.6v2.7H7.2zm0 12.3h1.6v2.7H7.2zM.5 7.2h2.7v1.6H.5zm12.3 0h2.7v1.6h-2.7zM2.1 3.2l1.1-1.1 2 1.9-1.2 1.1zm8.7 8.8 1.2-1.2 1.9 2-1.1 1.1zM12.8 2.1l1.1 1.1L12 5.2l-1.2-1.2zM4 10.8 5.2 12l-2 1.9-1.1-1.1z",
  dark: "M6.2 1.6a6.5 6.5 0 1 0 8.2 8.2A5.5 5.5 0 0 1 6.2 1.6",
  llm: "M8 1l1.7 4.9L14.5 8l-4.8 2.1L8 15l-1.7-4.9L1.5 8l4.8-2.1z",
  tool: "M10.5 1.3a4 4 0 0 0-4 5.2L1.4 11.6l3 3L9.5 9.5a4 4 0 0 0 5.1-5l-2.5 2.5-2.3-.7-.7-2.3 2.5-2.5a4 4 0 0 0-1.1-.2",
  step: "M2.5 2.5h11v11h-11zM4 4v8h8V4z",
  agent: "M8 1l6 3.5v7L8 15l-6-3.5v-7zm0 1.8L3.5 5.4v5.2L8 13.2l4.5-2.6V5.4z",
  retry: "M8 2.5a5.5 5.5 0 0 1 4.7 2.6V2.5h1.5V8H8.7V6.5h2.9A4 4 0 1 0 12 8.5h1.5A5.5 5.5 0 1 1 8 2.5",
  person: "M8 1.5a3.2 3.2 0 1 1 0 6.4 3.2 3.2 0 0 1 0-6.4M2 14.5c0-3.4 2.6-5.5 6-5.5s6 2.1 6 5.5z",
  flag: "M3 1.5h9.5l-2.2 3.7 2.2 3.8H4.6v5.5H3z",
  plan: "M2 3h2v2H2zm4 .2h8v1.6H6zM2 7h2v2H2zm4 .2h8v1.6H6zM2 11h2v2H2zm4 .2h8v1.6H6z",
  compare: "M5.2 1.5 1 5l4.2 3.5V6h9V4h-9zM10.8 7.5V10h-9v2h9v2.5L15 11z",
  note: "M8 5.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5",
  leave: "M2 2h7v1.5H3.5v9H9V14H2zm8.6 2.3L14.3 8l-3.7 3.7-1-1.1 1.8-1.9H6V7.2h5.4L9.6 5.4z",
  heart: "M8 14 2.3 8.3a3.6 3.6 0 0 1 5.1-5.1L8 3.9l.6-.7a3.6 3.6 0 0 1 5.1 5.1z",
} as const;

export type IconName = keyof typeof ICONS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path fill-rule="evenodd" d={ICONS[name]} />
    </svg>
  );
}

const NODE_ICONS: Record<Exclude<NodeKind, "action">, IconName> = {
  llm: "llm",
  retry: "retry",
  escalation: "flag",
  approval: "person",
  issue: "alert",
  anomaly: "alert",
  plan: "plan",
  note: "note",
};

const ROLES: Record<ActionRole, [icon: IconName, word: string]> = {
  tool: ["tool", "Tool"],
  retrieval: ["search", "Retrieval"],
  agent: ["agent", "Agent"],
  step: ["step", "Step"],
};

export function NodeIcon({ kind, role, tone }: { kind: NodeKind; role: ActionRole | null; tone: string }) {
  const [icon, word] = kind === "action" ? ROLES[role ?? "tool"] : [NODE_ICONS[kind], undefined];
  return (
    <span class={`node-icon tone-${tone}`} title={word}>
      <Icon name={icon} />
    </span>
  );
}
