/** The statuses that runs can be filtered by: what the collector says it takes, asked once. */

import { signal } from "@preact/signals";
import { ApiError, get } from "../api/client";
import { allowed } from "../model/openapi";
import { TASK_STATUSES } from "../model/status";

export const taskStatuses = signal<readonly string[]>(TASK_STATUSES);
let asked = false;

/** Ask, unless it was answered before. Until then, and where it fails, the known ones stand. */
export async function askStatuses(): Promise<void> {
  if (asked) return;
  asked = true;
  try {
    const names = allowed(await get<unknown>("../openapi.json"), "status");
    // The order of the page: what needs a person first; what the page does not know comes last.
    const order = (name: string) => (TASK_STATUSES as readonly string[]).indexOf(name) >>> 0;
    if (names.length > 0) taskStatuses.value = names.sort((a, b) => order(a) - order(b));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    asked = false;
  }
}
