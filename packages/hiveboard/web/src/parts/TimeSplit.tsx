/** Where the time of a run went: model, tools, people, the rest. */

import type { TimeBreakdown, Timeline } from "../api/types";
import { count, duration, percent } from "../format";

const PARTS = [
  { field: "llm_ms", label: "LLM", tone: "llm" },
  { field: "tool_ms", label: "Tools", tone: "tool" },
  { field: "waiting_ms", label: "Waiting for a person", tone: "wait" },
  { field: "other_ms", label: "Other", tone: "rest" },
] as const;

/** What the split does not know, as a sentence; null when it knows everything. */
function doubtOf(split: TimeBreakdown): string | null {
  const untimed = split.untimed_llm_calls ?? 0;
  const told = untimed === 1 ? "one LLM call did not tell how long it took" : `${count(untimed)} LLM calls did not tell how long they took`;
  const parts = [
    ...(untimed > 0 ? [told] : []),
    ...(split.is_partial ? ["the time of events that are not shown counts as other"] : []),
  ];
  const text = parts.join("; ");
  return text === "" ? null : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

export function TimeSplit({ split }: { split: Timeline["time_breakdown"] }) {
  if (!split) return null;
  const total = PARTS.reduce((sum, part) => sum + (split[part.field] ?? 0), 0);
  if (total <= 0) return null;
  const doubt = doubtOf(split);
  // Most runs wait for nobody.
  const parts = PARTS.filter((part) => part.field !== "waiting_ms" || (split.waiting_ms ?? 0) > 0);
  return (
    <section class="split" aria-label="Where the time went">
      <div class="split-bar" aria-hidden="true">
        {parts.map((part) => (
          <span key={part.field} class={`split-part fill-${part.tone}`} style={{ flexGrow: String(split[part.field] ?? 0) }} />
        ))}
      </div>
      <ul class="split-legend">
        {parts.map((part) => (
          <li key={part.field}>
            <span class={`swatch fill-${part.tone}`} aria-hidden="true" />
            {part.label} <span class="num">{duration(split[part.field])}</span>
            {split[part.field] === null ? null : <span class="num dim">{percent((split[part.field] ?? 0) / total)}</span>}
          </li>
        ))}
      </ul>
      {doubt ? <p class="split-doubt dim">{doubt}</p> : null}
    </section>
  );
}
