/** How a number moved: an arrow for the direction, a colour for what that means. */

import type { Trend } from "../model/insight";

const ARROWS = { up: "▲", down: "▼", flat: "=" } as const;

export function TrendMark({ trend }: { trend: Trend }) {
  return (
    <span class={`trend-mark num tone-${trend.tone === "none" ? "idle" : trend.tone}`} title={trend.spoken}>
      <span class="trend-arrow" aria-hidden="true">
        {ARROWS[trend.direction]}
      </span>
      <span aria-hidden="true">{trend.text}</span>
      <span class="sr-only">{trend.spoken}</span>
    </span>
  );
}
