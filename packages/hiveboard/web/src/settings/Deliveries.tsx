/** How telling an alert went: each channel, and every try. */

import type { Alert, Attempt, Delivery } from "../api/settings";
import { count, duration } from "../format";
import { STATUS_TONE } from "../model/alert";
import { channelWord } from "../model/channel";
import { ShapeMark } from "../parts/Marks";
import { Age, TimeOfDay } from "../parts/Text";

const SHAPES = { delivered: "check", failed: "cross", pending: "pause", cancelled: "slash" } as const;
const WORDS: Record<string, string> = {
  delivered: "delivered",
  failed: "not delivered",
  pending: "not yet delivered",
  cancelled: "no longer tried",
};

function Try({ item }: { item: Attempt }) {
  return (
    <li class={item.delivered ? "" : "tone-bad"}>
      <TimeOfDay at={item.at} /> {item.status_code === null ? "" : `answered ${item.status_code} `}
      {item.error ? <bdi>{item.error} </bdi> : null}
      <span class="num dim">in {duration(item.duration_ms)}</span>
    </li>
  );
}

function One({ item }: { item: Delivery }) {
  const tone = STATUS_TONE[item.status] ?? "none";
  const shape = Object.hasOwn(SHAPES, item.status) ? SHAPES[item.status as keyof typeof SHAPES] : "dot";
  return (
    <li class="delivery">
      <span class={`status tone-${tone}`}>
        <ShapeMark shape={shape} tone={tone} />
      </span>
      <div class="wrap">
        <bdi>
          <strong>{item.channel_name}</strong>
        </bdi>{" "}
        <span class={`tone-${tone}`}>{WORDS[item.status] ?? item.status}</span>{" "}
        <span class="dim">
          {channelWord(item.channel_type)} <bdi>{item.target}</bdi>
          {item.attempts.length > 1 ? `, ${count(item.attempts.length)} tries` : ""}
        </span>
        {item.next_attempt_at ? (
          <span class="tone-wait">
            {" "}
            tried again <Age at={item.next_attempt_at} />
          </span>
        ) : null}
        <ol class="tries">
          {item.attempts.map((one, index) => (
            <Try key={index} item={one} />
          ))}
        </ol>
      </div>
    </li>
  );
}

export function Deliveries({ alert, isTest = false }: { alert: Alert; isTest?: boolean }) {
  return (
    <div class="deliveries" role={isTest ? "status" : undefined}>
      {isTest ? <strong class="sr-only">Result of the test</strong> : null}
      {alert.deliveries.length === 0 ? (
        <p class="dim">The rule named no channel: this alert is kept here only.</p>
      ) : (
        <ul>
          {alert.deliveries.map((item) => (
            <One key={item.channel_id} item={item} />
          ))}
        </ul>
      )}
    </div>
  );
}
