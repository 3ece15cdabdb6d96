/** Where the time of a run went: model, tools, the rest. */

import type { Timeline } from "../api/types";
import { duration, percent } from "../format";

const PARTS = [
  { field: "llm_ms", label: "LLM", tone: "llm" },
  { field: "tool_ms", label: "Tools", tone: "tool" },
  { field: "other_ms", label: "Other", tone: "rest" },
] as const;

export function TimeSplit({ split }: { split: Timeline["time_breakdown"] }) {
  if (!split) return null;
  const total = PARTS.reduce((sum, part) => sum + (split[part.field] ?? 0), 0);
  if (total <= 0) return null;
  return (
    <section class="split" aria-label="Where the time went">
      <div class="split-bar" aria-hidden="true">
        {PARTS.map((part) => (
          <span key={part.field} class={`split-part fill-${part.tone}`} style={{ flexGrow: String(split[part.field] ?? 0) }} />
        ))}
      </div>
      <ul class="split-legend">
        {PARTS.map((part) => (
          <li key={part.field}>
            <span class={`swatch fill-${part.tone}`} aria-hidden="true" />
            {part.label} <span class="num">{duration(split[part.field])}</span>
            <span class="num dim">{percent((split[part.field] ?? 0) / total)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
