/** The feed as sentences: newest on top, repeats folded, still while the reader reads. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { HiveEvent } from "../api/types";
import { count, duration, oneLine } from "../format";
import { collapse, each, FEED_FILTERS, typeOf, type FeedFilter, type FeedForm, type FeedLine, type FeedScope } from "../model/feed";
import { kindOf } from "../model/json";
import { llmOf } from "../model/tree";
import { detailHref, go, runHref } from "../router";
import { useFeed, type Feed } from "../state/feed";
import { useKeys } from "../state/keys";
import { Icon } from "./Marks";
import { Failed, Loading, Nothing, Outdated } from "./States";
import { useReading } from "./reading";
import { Id, Money, TimeOfDay } from "./Text";
import { useVirtual, useWidth } from "./virtual";

export interface FeedListProps {
  scope: FeedScope;
  onFilter: (filter: FeedFilter) => void;
  /** Sentences with repeats folded, unless every event is to be its own line. */
  form?: FeedForm;
  /** In a side pane: with a title of its own, without j and k. */
  side?: boolean;
}

/** Pixels below which a line takes two rows. */
const STACK_BELOW = 640;

const WORDS: Record<FeedFilter, string> = {
  all: "All",
  task: "Task",
  action: "Action",
  llm: "LLM",
  error: "Error",
  human: "Human",
  pipeline: "Pipeline",
};

function lineHref(line: FeedLine): string | null {
  const { event } = line;
  if (!event.task_id) return null;
  const kind = event.event_type === "custom" ? "llm" : "event";
  const node = event.event_type.startsWith("action_") ? `action:${event.action_id ?? ""}` : `${kind}:${event.event_id}`;
  return runHref(event.task_id, event.task_run_id ?? null, event.event_type.startsWith("task_") ? {} : { node });
}

/** What it cost and how long it took, where a sentence is too long to look for them. */
function Figures({ event }: { event: HiveEvent }) {
  const call = kindOf(event) === "llm_call" ? llmOf(event) : null;
  const took = call ? call.duration_ms : (event.duration_ms ?? null);
  if (took === null && (call?.cost ?? null) === null) return null;
  return (
    <span class="feed-figures num">
      {call && call.cost !== null ? <Money usd={call.cost} source={call.cost_source ?? null} /> : null}
      {took === null ? null : <span class="dim">{duration(took)}</span>}
    </span>
  );
}

function Line({
  line,
  index,
  top,
  measured,
  marked,
  compact,
  typed,
}: {
  line: FeedLine;
  index: number;
  top: number;
  measured: (row: HTMLElement | null) => void;
  marked: boolean;
  compact: boolean;
  /** With the type of the event. */
  typed: boolean;
}) {
  const { event, text, tone } = line;
  const href = lineHref(line);
  return (
    <div
      role="listitem"
      ref={measured}
      data-index={index}
      class={`feed-line tone-edge-${tone}${marked ? " marked" : ""}`}
      style={{ transform: `translateY(${top}px)` }}
    >
      <TimeOfDay at={event.timestamp} />
      <span class={`feed-mark fill-${tone}`} aria-hidden="true" />
      <a class="feed-agent" href={detailHref("agent", event.agent_id)}>
        <Id value={event.agent_id} limit={80} />
      </a>
      {typed ? (
        <bdi class="feed-type" title={typeOf(event)}>
          {oneLine(typeOf(event), 60)}
        </bdi>
      ) : null}
      <span class="feed-text" title={text}>
        {href ? (
          <a href={href}>
            <bdi>{text}</bdi>
          </a>
        ) : (
          <bdi>{text}</bdi>
        )}
      </span>
      {compact ? <Figures event={event} /> : null}
      {(compact && !typed) || !event.task_id ? null : (
        <span class="feed-task dim">
          <Id value={event.task_id} limit={80} />
        </span>
      )}
      {line.times > 1 ? (
        <span class="badge num" title="Times in a row">
          ×{count(line.times)}
        </span>
      ) : null}
    </div>
  );
}

function Bar({
  feed,
  filter,
  paused,
  side,
  onPause,
  onNew,
  onFilter,
}: {
  feed: Feed;
  side: boolean;
  filter: FeedFilter;
  paused: boolean;
  onPause: () => void;
  onNew: () => void;
  onFilter: (filter: FeedFilter) => void;
}) {
  const waiting = feed.held.value.length;
  const pause = (
    <button
      type="button"
      class="button quiet"
      aria-pressed={paused}
      onClick={onPause}
      title={paused ? "Resume (.)" : "Pause (.)"}
    >
      <Icon name={paused ? "play" : "pause"} />
      <span>{paused ? "Resume" : "Pause"}</span>
    </button>
  );
  return (
    <div class="feed-bar">
      {side ? (
        <div class="feed-title">
          <h2>Activity</h2>
          {pause}
        </div>
      ) : null}
      <div class="chips" role="group" aria-label="Show">
        {FEED_FILTERS.map((name) => (
          <button key={name} type="button" class="chip-button" aria-pressed={filter === name} onClick={() => onFilter(name)}>
            {WORDS[name]}
          </button>
        ))}
      </div>
      {side ? null : pause}
      {waiting > 0 ? (
        <button type="button" class="pill" onClick={onNew} aria-live="polite">
          {count(waiting)} new
        </button>
      ) : null}
    </div>
  );
}

export function FeedList({ scope, onFilter, form = "narrative", side = false }: FeedListProps) {
  const feed = useFeed(scope);
  const scroller = useRef<HTMLDivElement>(null);
  const [paused, setPaused] = useState(false);
  const [read, pointer] = useReading();
  const [atTop, setAtTop] = useState(true);
  const [marked, setMarked] = useState(-1);
  const typed = form === "feed";
  const lines = useMemo(() => (typed ? each : collapse)(feed.events.value), [feed.events.value, typed]);
  // In a narrow pane a sentence has as many lines as it needs: its row is measured.
  const width = useWidth(scroller);
  const compact = width > 0 && width < STACK_BELOW;
  const virtual = useVirtual({
    rows: lines,
    scroller,
    height: () => (compact ? 52 : 32),
    keyOf: (index) => lines[index]?.key ?? String(index),
    measureKey: `${width}`,
  });

  // Held while paused, scrolled down or read with the pointer, released when none is so.
  useEffect(() => {
    if (paused || !atTop || read) feed.holding.value = true;
    else feed.release();
  }, [paused, atTop, read, feed]);
  const showNew = () => {
    scroller.current?.scrollTo({ top: 0 });
    feed.release();
    setPaused(false);
  };
  const move = (by: number) => {
    const next = Math.min(lines.length - 1, Math.max(0, marked + by));
    setMarked(next);
    virtual.show(next);
  };
  useKeys(
    side
      ? { ".": () => setPaused(!paused) }
      : {
          ".": () => setPaused(!paused),
          j: () => move(1),
          k: () => move(-1),
          Enter: () => {
            const href = lines[marked] ? lineHref(lines[marked]) : null;
            if (href) go(href);
          },
        },
  );
  const lastShown = virtual.items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (lines.length > 0 && lastShown >= lines.length - 5) void feed.older();
  }, [lastShown, lines.length]);
  const error = feed.error.value;
  return (
    <div class={`feed${side ? " side" : ""}${compact ? " compact" : ""}${typed ? " typed" : ""}`}>
      <Bar
        feed={feed}
        side={side}
        filter={scope.filter}
        paused={paused}
        onPause={() => setPaused(!paused)}
        onNew={showNew}
        onFilter={onFilter}
      />
      {error && feed.loaded.value ? <Outdated error={error} retry={() => void feed.refresh()} /> : null}
      {error && !feed.loaded.value ? <Failed error={error} retry={() => void feed.refresh()} /> : null}
      {!error && !feed.loaded.value ? <Loading /> : null}
      {feed.loaded.value && lines.length === 0 ? (
        <Nothing title="Nothing here yet">
          <p class="dim">Events appear the moment they arrive.</p>
        </Nothing>
      ) : null}
      <div
        class="feed-body"
        role="list"
        ref={scroller}
        tabIndex={0}
        aria-label="Activity, newest first"
        {...pointer}
        onScroll={(event) => setAtTop(event.currentTarget.scrollTop < 4)}
      >
        <div class="feed-rows" role="presentation" style={{ height: `${virtual.total}px` }}>
          {virtual.items.map((item) => {
            const line = lines[item.index];
            return line ? (
              <Line
                key={line.key}
                line={line}
                index={item.index}
                top={item.start}
                measured={virtual.measured}
                marked={item.index === marked}
                compact={compact}
                typed={typed}
              />
            ) : null;
          })}
        </div>
      </div>
    </div>
  );
}
