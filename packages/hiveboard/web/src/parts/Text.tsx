/** Pieces of text with a rule: ages that advance, money that says when it is estimated, foreign ids, things to copy. */

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ago, clock, exact, instant, money, oneLine, UNKNOWN } from "../format";
import { now } from "../state/clock";
import { Icon } from "./Marks";

/** Age of a moment, advancing; the exact time on hover. */
export function Age({ at }: { at: string | null | undefined }) {
  const moment = instant(at);
  if (moment === null) return <span class="dim">{UNKNOWN}</span>;
  return (
    <time class="num" dateTime={at ?? ""} title={exact(at)}>
      {ago((now.value - moment) / 1000)}
    </time>
  );
}

/** Time of day; date and milliseconds on hover. */
export function TimeOfDay({ at }: { at: string | null | undefined }) {
  return (
    <time class="num dim" dateTime={at ?? ""} title={exact(at)}>
      {clock(at)}
    </time>
  );
}

export interface MoneyProps {
  usd: number | null | undefined;
  source?: string | null;
  /** The estimated part of a sum, in US dollars. */
  estimated?: number | null;
  /** Why it is unknown, when it is. */
  why?: string;
}

/** Money; what is an estimate or contains one carries a tilde and says so. */
export function Money({ usd, source, estimated, why = "Unknown: no call here has a known cost" }: MoneyProps) {
  if (usd === null || usd === undefined)
    return (
      <span class="dim" title={why}>
        {UNKNOWN}
      </span>
    );
  if (source === "estimated" || (estimated ?? 0) > 0) {
    const part = estimated && estimated < usd * 0.999 ? `${money(estimated)} of ${money(usd)}` : money(usd);
    return (
      <span class="num" title={`Estimated from the price table: ${part}`}>
        <span class="dim" aria-hidden="true">
          ~
        </span>
        <span class="sr-only">estimated </span>
        {money(usd)}
      </span>
    );
  }
  return (
    <span class="num" title={source === "reported" ? "Reported by the agent" : undefined}>
      {money(usd)}
    </span>
  );
}

/** A foreign id: monospaced, isolated from the direction of the text around it, cut for the eye only by the stylesheet. */
export function Id({ value, limit = 200 }: { value: string | null | undefined; limit?: number }) {
  if (!value) return <span class="dim">{UNKNOWN}</span>;
  const shown = oneLine(value, limit);
  return (
    <bdi class="id" title={oneLine(value, 600)}>
      {shown || "(blank)"}
    </bdi>
  );
}

export interface CopyProps {
  /** What is copied, asked for when the button is pressed. */
  text: () => string | Promise<string>;
  label: string;
  quiet?: boolean;
  /** The word on the button. */
  word?: string;
}

export function CopyButton({ text, label, quiet = false, word = quiet ? "" : "Copy" }: CopyProps) {
  const [said, setSaid] = useState<"" | "Copied" | "Press ⌘C" | "Not copied">("");
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(""), 1600);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    let wanted: string;
    try {
      wanted = await text();
    } catch {
      setSaid("Not copied");
      return;
    }
    try {
      await navigator.clipboard.writeText(wanted);
      setSaid("Copied");
    } catch {
      setSaid(copyBySelection(wanted) ? "Copied" : "Press ⌘C");
    }
  };
  return (
    <button type="button" class={quiet ? "button quiet" : "button"} onClick={() => void copy()} aria-label={label} title={label}>
      <Icon name={label.startsWith("Copy link") ? "link" : "copy"} />
      <span aria-live="polite">{said || word}</span>
    </button>
  );
}

/** The clipboard API needs a secure context; a collector on the local network may have none. */
function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr-only";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

interface FactProps {
  label: string;
  children: ComponentChildren;
  tone?: string;
  /** Left out where room is short. */
  minor?: boolean;
}

export function Fact({ label, children, tone, minor }: FactProps) {
  return (
    <div class={minor ? "fact minor" : "fact"}>
      <dt>{label}</dt>
      <dd class={tone ? `tone-${tone}` : undefined}>{children}</dd>
    </div>
  );
}
