/** Which overlay lies over the page. */

import { signal } from "@preact/signals";

export const overlay = signal<"palette" | "keys" | null>(null);
