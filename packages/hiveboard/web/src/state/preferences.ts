/** The settings that the whole page follows: the thresholds that colour its numbers. */

import { effect } from "@preact/signals";
import { get } from "../api/client";
import type { Preferences } from "../api/settings";
import { takeThresholds } from "../model/thresholds";
import { Refresher } from "./resource";

const preferences = new Refresher<Preferences>(
  (abort) => get<Preferences>("settings", {}, abort),
  (pulse) => pulse.kind === "resync",
);

/** Read them now, and again from time to time: somebody else may change them. */
export function startPreferences(): void {
  preferences.start();
  effect(() => {
    if (preferences.data.value) takeThresholds(preferences.data.value.thresholds);
  });
}
