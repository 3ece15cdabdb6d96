/** What a run said of itself when it ended: the data of its last ending, beside how it ended. */

import type { HiveEvent, Json } from "../api/types";
import { asObject } from "../model/json";
import { CopyButton } from "./Text";

const ENDINGS = ["task_completed", "task_failed"];
/** Told elsewhere on the page. */
const SHOWN = new Set(["summary", "tags", "exception_type", "exception_message", "hiveloop"]);

function lastEnding(events: readonly HiveEvent[]): HiveEvent | undefined {
  return events.filter((event) => ENDINGS.includes(event.event_type)).sort((a, b) => (a.timestamp < b.timestamp ? 1 : -1))[0];
}

/** The data of an ending as text; null when it has none. */
export function resultOf(ending: HiveEvent | undefined): string | null {
  const told = Object.entries(asObject(ending?.payload)).filter(([name]) => !SHOWN.has(name));
  const [first] = told;
  const value: Json = told.length === 1 && first?.[0] === "data" ? first[1] : Object.fromEntries(told);
  const empty = value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);
  if (told.length === 0 || empty) return null;
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

export function RunResult({ events }: { events: readonly HiveEvent[] }) {
  const ending = lastEnding(events);
  const text = resultOf(ending);
  if (text === null) return null;
  return (
    <details class="run-result">
      <summary>
        <span>{ending?.event_type === "task_failed" ? "More about the failure" : "Result"}</span>
        <bdi class="run-result-line dim">{text.replaceAll(/\s+/g, " ").slice(0, 200)}</bdi>
      </summary>
      <div class="run-result-body">
        <pre class="code" dir="auto" tabIndex={0}>
          {text}
        </pre>
        <CopyButton quiet label="Copy the result" text={() => text} />
      </div>
    </details>
  );
}
