/** Two runs side by side: where they first part, and what that changed in money, time and tools. */

import { useState } from "preact/hooks";
import { endpoint, get } from "../api/client";
import type { RunDiff } from "../api/diff";
import type { TaskRow } from "../api/types";
import { oneLine } from "../format";
import { reference, swapped, type Side } from "../model/compare";
import { DiffFigures, DiffTools } from "../parts/DiffFigures";
import { DiffSteps } from "../parts/DiffSteps";
import { Main } from "../parts/Main";
import { StatusMark } from "../parts/Marks";
import { RunPicker } from "../parts/RunPicker";
import { Loaded } from "../parts/States";
import { Age, CopyButton, Id } from "../parts/Text";
import { detailHref, route, runHref, setQuery, type Query } from "../router";
import type { Pulse } from "../state/live";
import { useResource } from "../state/resource";

/** Steps of the alignment that are asked for. */
const MOST_ROWS = 1500;

function asked(query: Query): Record<string, string | undefined> {
  return { a: query["a"], a_run: query["a_run"], b: query["b"], b_run: query["b_run"] };
}

async function markdown(query: Query): Promise<string> {
  const response = await fetch(endpoint("diff", { ...asked(query), format: "markdown" }), { cache: "no-store" });
  if (!response.ok) throw new Error(`The collector answered ${response.status}`);
  return response.text();
}

/** Opens the list of runs for one side. */
function Pick({ side, near, word }: { side: Side; near: TaskRow | null; word: string }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="button" onClick={() => setOpen(true)}>
        {word}
      </button>
      {open ? (
        <RunPicker
          label={`Choose run ${side}`}
          near={near}
          onClose={() => setOpen(false)}
          onPick={(row) => {
            setOpen(false);
            setQuery(reference(side, { taskId: row.task_id, runId: row.task_run_id }));
          }}
        />
      ) : null}
    </>
  );
}

function RunHead({ side, run, other }: { side: Side; run: TaskRow; other: TaskRow }) {
  return (
    <section class="panel side" aria-label={`Run ${side}`}>
      <div class="side-title">
        <span class="side-mark">{side}</span>
        <h2>
          <a href={runHref(run.task_id, run.task_run_id)}>
            <Id value={run.task_id} />
          </a>
        </h2>
        <StatusMark status={run.derived_status} />
        <span class="grow" />
        <Pick side={side} near={other} word="Change" />
      </div>
      <p class="side-facts dim">
        <a href={detailHref("agent", run.agent_id)}>
          <Id value={run.agent_id} />
        </a>
        {run.agent_version ? <bdi>version {oneLine(run.agent_version, 40)}</bdi> : null}
        {run.task_type ? <bdi>{oneLine(run.task_type, 60)}</bdi> : null}
        <Age at={run.started_at} />
      </p>
      {run.error ? (
        <p class="side-error tone-bad wrap">
          <bdi>{oneLine(run.error, 400)}</bdi>
        </p>
      ) : null}
    </section>
  );
}

function Verdict({ diff }: { diff: RunDiff }) {
  return (
    <p class={`verdict wrap${diff.identical ? " tone-good" : ""}`} role="note">
      <bdi>{oneLine(diff.summary, 800)}</bdi>
    </p>
  );
}

function Body({ diff }: { diff: RunDiff }) {
  return (
    <>
      <div class="two sides">
        <RunHead side="a" run={diff.a} other={diff.b} />
        <RunHead side="b" run={diff.b} other={diff.a} />
      </div>
      <Verdict diff={diff} />
      <DiffFigures diff={diff} />
      <DiffSteps diff={diff} />
      <DiffTools tools={diff.tools} />
    </>
  );
}

/** Runs that are over do not change; one that is open is read again as it goes on. */
function touching(query: Query): (pulse: Pulse) => boolean {
  const about = [query["a"], query["b"]];
  return (pulse) =>
    pulse.kind === "resync" ||
    (pulse.kind === "event" && about.some((name) => name !== undefined && pulse.event.task_id && name.startsWith(pulse.event.task_id)));
}

function Comparison({ query }: { query: Query }) {
  const resource = useResource<RunDiff>(
    JSON.stringify(asked(query)),
    (abort) => get<RunDiff>("diff", { ...asked(query), limit: MOST_ROWS }, abort),
    touching(query),
  );
  const advice = () => (
    <div class="acts">
      <Pick side="a" near={null} word="Choose run a" />
      <Pick side="b" near={null} word="Choose run b" />
    </div>
  );
  return (
    <Loaded from={resource} data={resource.data.value} advice={advice}>
      {(diff) => <Body diff={diff} />}
    </Loaded>
  );
}

/** Nothing chosen, or one side only. */
function Choose({ query }: { query: Query }) {
  const slot = (side: Side) => (
    <section class="panel side side-empty" aria-label={`Run ${side}`}>
      <span class="side-mark">{side}</span>
      {query[side] ? (
        <Id value={query[side]} />
      ) : (
        <span class="dim">{side === "a" ? "The run to start from" : "The run to compare it with"}</span>
      )}
      <span class="grow" />
      <Pick side={side} near={null} word={query[side] ? "Change" : "Choose a run"} />
    </section>
  );
  return (
    <>
      <div class="two sides">
        {slot("a")}
        {slot("b")}
      </div>
      <p class="dim note-plain">
        Two runs, step by step: where they first part, and what differs in cost, time and tools. A run’s page and the list of tasks
        lead here too.
      </p>
    </>
  );
}

export default function Compare() {
  const { query } = route.value;
  const whole = Boolean(query["a"] && query["b"]);
  return (
    <Main kind="page page-scroll page-compare">
      <div class="toolbar">
        <h1>Compare</h1>
        {whole ? (
          <>
            <button type="button" class="button" onClick={() => setQuery(swapped(query))}>
              Swap a and b
            </button>
            <CopyButton label="Copy as Markdown" word="Copy as Markdown" text={() => markdown(query)} />
            <CopyButton quiet label="Copy link to this comparison" text={() => location.href} />
          </>
        ) : null}
      </div>
      {whole ? <Comparison key={JSON.stringify(asked(query))} query={query} /> : <Choose query={query} />}
    </Main>
  );
}
