/** Facts about the window that change what is drawn, as signals. */

import { signal, type ReadonlySignal } from "@preact/signals";

function matches(query: string): ReadonlySignal<boolean> {
  const list = matchMedia(query);
  const value = signal(list.matches);
  list.addEventListener("change", () => {
    value.value = list.matches;
  });
  return value;
}

/** Panes become tabs. */
export const narrow = matches("(max-width: 899px)");
/** Room for the activity beside the fleet and the run. */
export const wide = matches("(min-width: 1360px)");
export const dark = matches("(prefers-color-scheme: dark)");
