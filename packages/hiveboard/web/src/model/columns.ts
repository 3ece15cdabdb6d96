/** How a waterfall divides its width: the bars have at least half of it, the numbers what they need, the names the rest. */

/** The longest texts of the numbers beside the bars, in characters; 0 where no row has any. */
export interface Longest {
  took: number;
  tokens: number;
  cost: number;
}

/**
 * `columns`: numbers stand right of the bars. `under`: they stand below the name. `stack`: the bar lies below the name.
 */
export type WaterfallMode = "columns" | "under" | "stack";

export interface WaterfallColumns {
  mode: WaterfallMode;
  /** Columns of the grid, as CSS has them. */
  grid: string;
  /** Which numbers are shown. */
  tokens: boolean;
  cost: boolean;
  /** Width of the bars in pixels. */
  track: number;
}

/** Pixels: a digit at 12 px, the space between columns, what lies left and right of all columns. */
const DIGIT = 7.7;
export const GAP = 10;
export const SIDES = 22;
const SCROLLBAR = 10;
const NARROWEST_NAME = 180;
const WIDEST_NAME = 620;
const STACK_BELOW = 540;

function room(characters: number, head: number): number {
  return characters === 0 ? 0 : Math.ceil(Math.max(characters, head) * DIGIT) + 4;
}

/** Columns for a waterfall `width` pixels wide inside its scroll bar. */
export function waterfallColumns(width: number, longest: Longest): WaterfallColumns {
  if (width < STACK_BELOW) {
    return { mode: "stack", grid: "minmax(0, 1fr) auto", tokens: false, cost: true, track: Math.max(0, width - SIDES) };
  }
  const half = Math.ceil((width + SCROLLBAR) / 2);
  const [took, tokens, cost] = [room(longest.took, 8), room(longest.tokens, 6), room(longest.cost, 4)];
  for (const numbers of [
    [took, tokens, cost],
    [took, 0, cost],
  ] as const) {
    const shown = numbers.filter((number) => number > 0);
    const free = width - SIDES - (shown.length + 1) * GAP - shown.reduce((sum, number) => sum + number, 0);
    if (free - half < NARROWEST_NAME) continue;
    const name = Math.min(WIDEST_NAME, free - half, Math.max(NARROWEST_NAME, Math.floor(free * 0.42)));
    return {
      mode: "columns",
      grid: `${name}px minmax(0, 1fr) ${shown.map((number) => `${number}px`).join(" ")}`,
      tokens: numbers[1] > 0,
      cost: cost > 0,
      track: free - name,
    };
  }
  const name = width - SIDES - GAP - half;
  return { mode: "under", grid: `${name}px minmax(0, 1fr)`, tokens: tokens > 0, cost: cost > 0, track: half };
}
