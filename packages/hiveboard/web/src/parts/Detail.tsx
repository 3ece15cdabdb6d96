/** Everything known about one node of a run, as text that can be selected and copied. */

import type { HiveEvent, Json, JsonObject, LlmCall } from "../api/types";
import { count, duration, exact, plain } from "../format";
import { unknownCost } from "../model/cost";
import { asNumber, asObject, asText } from "../model/json";
import { statusLook } from "../model/status";
import type { RunNode } from "../model/tree";
import { Icon, NodeIcon } from "./Marks";
import { CopyButton, Fact, Id, Money } from "./Text";

function Block({ title, text, tone }: { title: string; text: string; tone?: string }) {
  return (
    <section class="block">
      <div class="block-head">
        <h3>{title}</h3>
        <CopyButton quiet label={`Copy ${title.toLowerCase()}`} text={() => text} />
      </div>
      <pre class={tone ? `code tone-${tone}` : "code"} dir="auto" tabIndex={0}>
        {text}
      </pre>
    </section>
  );
}

/** A preview as text; adapters may send messages as JSON. */
function previewText(value: Json | undefined): string | null {
  if (value === null || value === undefined || value === "") return null;
  return typeof value === "string" ? readable(value) : JSON.stringify(value, null, 2);
}

/** JSON texts are shown indented; everything else as it is. */
function readable(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** First of several names under which adapters report the same number. */
function firstNumber(body: JsonObject, ...names: string[]): number | null {
  for (const name of names) {
    const value = asNumber(body[name]);
    if (value !== null) return value;
  }
  return null;
}

function CallFacts({ call }: { call: LlmCall }) {
  const metadata = asObject(call.metadata);
  const usage = { ...metadata, ...asObject(metadata["usage"]) };
  const cached = firstNumber(
    usage,
    "cache_read_tokens",
    "tokens_cached",
    "cached_tokens",
    "cache_read_input_tokens",
    "cache_read",
  );
  const written = firstNumber(
    usage,
    "cache_write_tokens",
    "cache_creation_tokens",
    "cache_creation_input_tokens",
    "cache_creation",
  );
  const reasoning = firstNumber(usage, "reasoning_tokens", "reasoning");
  const stop = asText(metadata["stop_reason"]) ?? asText(metadata["finish_reason"]);
  return (
    <>
      <Fact label="Model">
        <Id value={call.model} />
      </Fact>
      <Fact label="Cost">
        <Money usd={call.cost} source={call.cost_source ?? null} why={unknownCost(call)} />{" "}
        {call.cost_source ? <span class="dim">{call.cost_source}</span> : null}
      </Fact>
      <Fact label="Tokens in">
        <span class="num">{count(call.tokens_in)}</span>
      </Fact>
      <Fact label="Tokens out">
        <span class="num">{count(call.tokens_out)}</span>
      </Fact>
      {cached === null ? null : (
        <Fact label="From cache">
          <span class="num">{count(cached)}</span>
        </Fact>
      )}
      {written === null ? null : (
        <Fact label="Into cache">
          <span class="num">{count(written)}</span>
        </Fact>
      )}
      {reasoning === null ? null : (
        <Fact label="Reasoning">
          <span class="num">{count(reasoning)}</span>
        </Fact>
      )}
      {stop === null ? null : (
        <Fact label="Stop reason">
          <Id value={stop} />
        </Fact>
      )}
    </>
  );
}

function EventBlock({ event }: { event: HiveEvent }) {
  return <Block title={event.event_type.replaceAll("_", " ")} text={JSON.stringify(event.payload ?? {}, null, 2)} />;
}

/** Time of day to the millisecond, the date on hover. */
function Moment({ at }: { at: number | null }) {
  if (at === null) return <>–</>;
  const text = exact(new Date(at).toISOString());
  return <span title={text}>{text.slice(11)}</span>;
}

export function Detail({ node, link, onClose }: { node: RunNode; link: () => string; onClose: () => void }) {
  const first = node.events[0];
  const state =
    node.kind === "action" || node.kind === "llm"
      ? node.state === "ok"
        ? "completed"
        : node.state === "running"
          ? "processing"
          : node.state === "failed"
            ? "failed"
            : "lost"
      : null;
  const metadata = asObject(node.llm?.metadata);
  const [prompt, response] = [previewText(node.llm?.prompt_preview), previewText(node.llm?.response_preview)];
  return (
    <aside class="detail" aria-label="Details">
      <header class="detail-head">
        <NodeIcon kind={node.kind} role={node.role} tone={node.tone} />
        <h2>
          <bdi>{node.label.slice(0, 500)}</bdi>
        </h2>
        <CopyButton quiet label="Copy link to this step" text={link} />
        <button type="button" class="button quiet" onClick={onClose} aria-label="Close details">
          <Icon name="close" />
        </button>
      </header>
      <div class="detail-body">
        {node.error ? <Block title="Error" text={node.error} tone="bad" /> : null}
        <dl class="facts">
          {state ? (
            <Fact label="Status" tone={statusLook(state).tone}>
              {node.detail && node.kind === "action" ? plain(node.detail) : statusLook(state).word}
            </Fact>
          ) : null}
          {node.durationMs === null && node.kind !== "action" && node.kind !== "llm" ? null : (
            <Fact label="Duration">
              <span class="num">{duration(node.durationMs)}</span>
            </Fact>
          )}
          <Fact label={node.durationMs === null ? "At" : "Started"}>
            <span class="num">
              <Moment at={node.start} />
            </span>
          </Fact>
          {node.llm ? <CallFacts call={node.llm} /> : null}
          {first && first.severity !== "info" ? <Fact label="Severity">{plain(first.severity)}</Fact> : null}
        </dl>
        {prompt ? <Block title="Prompt" text={prompt} /> : null}
        {response ? <Block title="Response" text={response} /> : null}
        {node.llm && !prompt && !response ? <p class="dim note">No prompt or response was sent with this call.</p> : null}
        {Object.keys(metadata).length > 0 ? <Block title="Metadata" text={JSON.stringify(metadata, null, 2)} /> : null}
        {node.llm ? null : node.events.map((event) => <EventBlock key={event.event_id} event={event} />)}
        <dl class="facts ids">
          {node.actionId ? (
            <Fact label="Action">
              <Id value={node.actionId} />
            </Fact>
          ) : null}
          {first ? (
            <Fact label="Event">
              <Id value={first.event_id} />
            </Fact>
          ) : null}
        </dl>
      </div>
    </aside>
  );
}
