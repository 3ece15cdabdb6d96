/** One tick a second for everything that shows an age; it rests while the page is hidden. */

import { signal } from "@preact/signals";
import { serverNow } from "../api/client";

/** The collector's clock in milliseconds, advancing once a second. */
export const now = signal(serverNow());

export function startClock(): void {
  const tick = () => {
    if (!document.hidden) now.value = serverNow();
  };
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);
}
