/** One conversation: who it was with, what it cost, and its runs in the order in which they happened. */

import type { JSX } from "preact";
import { get } from "../api/client";
import type { Session as SessionRow, SessionDetail } from "../api/sessions";
import type { TaskRow } from "../api/types";
import { clock, count, duration, exact, instant, oneLine, tokenPair } from "../format";
import { isOpen, statusLook } from "../model/status";
import { extent, inOrder, placeOf } from "../model/session";
import { rowKey } from "../model/task";
import { Main } from "../parts/Main";
import { StatusMark } from "../parts/Marks";
import { Loaded } from "../parts/States";
import { Age, CopyButton, Fact, Id, Money } from "../parts/Text";
import { detailHref, route, runHref, viewHref } from "../router";
import { now } from "../state/clock";
import type { Pulse } from "../state/live";
import { useResource } from "../state/resource";

const PAGE = 200;
const MOST_PAGES = 5;

/** Every run up to a thousand; the newest come first, so what is left out is the beginning. */
async function read(id: string, abort: AbortSignal): Promise<SessionDetail> {
  const ask = (cursor: string | null) =>
    get<SessionDetail>("sessions/detail", { session_id: id, limit: PAGE, cursor }, abort);
  const answer = await ask(null);
  for (let pages = 1; pages < MOST_PAGES && answer.pagination.has_more; pages += 1) {
    const next = await ask(answer.pagination.cursor);
    answer.runs.push(...next.runs);
    answer.pagination = next.pagination;
  }
  return answer;
}

function Names({ names, href }: { names: readonly string[]; href: (name: string) => string }) {
  if (names.length === 0) return <span class="dim">–</span>;
  return (
    <span class="names">
      {names.slice(0, 5).map((name) => (
        <a key={name} href={href(name)}>
          <Id value={name} />
        </a>
      ))}
      {names.length > 5 ? <span class="dim">and {count(names.length - 5)} more</span> : null}
    </span>
  );
}

function Facts({ session }: { session: SessionRow }) {
  const [first, last] = [instant(session.first_event_at), instant(session.last_event_at)];
  const facts: [string, JSX.Element, string?][] = [
    [
      session.users.length > 1 ? "Users" : "User",
      <Names names={session.users} href={(user) => viewHref("sessions", { user })} />,
    ],
    ["Runs", <span class="num">{count(session.run_count)}</span>],
    ["Failed", <span class="num">{count(session.runs_failed)}</span>, session.runs_failed > 0 ? "bad" : undefined],
    ["Errors", <span class="num">{count(session.error_count)}</span>, session.error_count > 0 ? "bad" : undefined],
    [
      "Cost",
      <Money
        usd={session.total_cost}
        estimated={session.estimated_cost}
        why={session.llm_call_count === 0 ? "No LLM calls" : undefined}
      />,
    ],
    [
      "Tokens",
      <span class="num" title="In → out">
        {tokenPair(session.total_tokens_in, session.total_tokens_out)}
      </span>,
    ],
    ["LLM calls", <span class="num">{count(session.llm_call_count)}</span>],
    ["Lasted", <span class="num">{first !== null && last !== null ? duration(last - first) : "–"}</span>],
    ["Began", <Age at={session.first_event_at} />],
    ["Last active", <Age at={session.last_event_at} />],
    ["Agents", <Names names={session.agents} href={(agent) => detailHref("agent", agent)} />],
    ["Projects", <Names names={session.projects} href={(project) => viewHref("sessions", { project })} />],
  ];
  return (
    <dl class="panel facts-grid">
      {facts.map(([label, value, tone]) => (
        <Fact key={label} label={label} tone={tone}>
          {value}
        </Fact>
      ))}
    </dl>
  );
}

/** When a run was at work within the time of the session. */
function Course({ run, first, last }: { run: TaskRow; first: number; last: number }) {
  const place = placeOf(run, first, last);
  if (!place) return null;
  const { tone, word } = statusLook(run.derived_status);
  const label = `${word}, from ${clock(run.started_at)}`;
  return (
    <span class="course-track" role="img" aria-label={label} title={label}>
      <span
        class={`course-bar fill-${tone}`}
        style={{ insetInlineStart: `${place.from * 100}%`, width: `max(4px, ${place.length * 100}%)` }}
      />
    </span>
  );
}

interface RunProps {
  run: TaskRow;
  number: number;
  first: number;
  last: number;
  /** Whether the run before was of another day. */
  day: string | null;
}

function Run({ run, number, first, last, day }: RunProps) {
  const started = instant(run.started_at);
  const took = isOpen(run.derived_status) && started !== null ? now.value - started : run.duration_ms;
  return (
    <li class="session-run">
      <span class="session-number num dim">{number}</span>
      <span class="session-time num dim" title={exact(run.started_at)}>
        {day ? <span class="session-day">{day}</span> : null}
        {clock(run.started_at)}
      </span>
      <span class="session-what">
        <StatusMark status={run.derived_status} word={false} />
        <a href={runHref(run.task_id, run.task_run_id)} data-nav="">
          <Id value={run.task_id} />
        </a>
        {run.task_type ? <bdi class="chip">{oneLine(run.task_type, 60)}</bdi> : null}
        {run.error ? (
          <bdi class="session-error tone-bad" title={oneLine(run.error, 1000)}>
            {oneLine(run.error, 240)}
          </bdi>
        ) : null}
      </span>
      <a class="session-agent dim" href={detailHref("agent", run.agent_id)}>
        <Id value={run.agent_id} />
      </a>
      <Course run={run} first={first} last={last} />
      <span class="session-took num">{duration(took)}</span>
      <span class="session-cost num">
        <Money
          usd={run.total_cost}
          estimated={run.estimated_cost}
          why={run.llm_call_count === 0 ? "No LLM calls" : undefined}
        />
      </span>
    </li>
  );
}

function dayOf(run: TaskRow): string {
  return exact(run.started_at).slice(0, 10);
}

function Body({ session }: { session: SessionDetail }) {
  const runs = inOrder(session.runs);
  const [first, last] = extent(session, runs, now.value);
  const before = session.run_count - runs.length;
  const omitted = session.pagination.has_more ? Math.max(0, before) : 0;
  return (
    <>
      <Facts session={session} />
      <section class="panel" aria-label="Runs in order">
        <header class="pane-head">
          <h2>Runs in order</h2>
          <span class="num dim">{count(runs.length)}</span>
        </header>
        {omitted > 0 ? <p class="note dim">The first {count(omitted)} runs are not shown.</p> : null}
        <ol class="session-list">
          {runs.map((run, index) => {
            const previous = runs[index - 1];
            const day = !previous || dayOf(previous) !== dayOf(run) ? dayOf(run) : null;
            return <Run key={rowKey(run)} run={run} number={omitted + index + 1} first={first} last={last} day={day} />;
          })}
        </ol>
      </section>
    </>
  );
}

function touches(id: string): (pulse: Pulse) => boolean {
  const mine = new Set<string>();
  return (pulse) => {
    if (pulse.kind !== "event") return pulse.kind === "resync";
    const { event } = pulse;
    // Only the beginning of a run names its session; what follows is known by the run.
    const named = (event.payload ?? {})["session_id"] === id;
    const key = `${event.agent_id}\n${event.task_id ?? ""}`;
    if (named) mine.add(key);
    return named || mine.has(key) || event.event_type === "task_completed" || event.event_type === "task_failed";
  };
}

export default function Session() {
  const id = route.value.id ?? "";
  const resource = useResource<SessionDetail>(id, (abort) => read(id, abort), touches(id));
  const session = resource.data.value;
  return (
    <Main kind="page page-scroll page-session">
      <a class="back dim" href={viewHref("sessions")}>
        ← All sessions
      </a>
      <div class="toolbar">
        <h1>
          <Id value={id} />
        </h1>
        {session ? <StatusMark status={session.derived_status} /> : null}
        <CopyButton quiet label="Copy link to this session" text={() => location.href} />
      </div>
      <Loaded from={resource} data={session}>
        {(session) => <Body session={session} />}
      </Loaded>
    </Main>
  );
}
