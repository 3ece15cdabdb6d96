/** One run, whole: what it is, how it ended, its plan, its time, and everything that happened in it. */

import { useMemo } from "preact/hooks";
import { get, serverNow } from "../api/client";
import type { HiveEvent, Timeline } from "../api/types";
import { clock, count, duration, instant, oneLine, tokenPair } from "../format";
import { failureOf, failureText } from "../model/json";
import { planRevisions } from "../model/plan";
import { isOpen } from "../model/status";
import { lostNote } from "../model/task";
import { buildTree, flatten, timeSpan, type RunNode } from "../model/tree";
import { detailHref, route, runHref } from "../router";
import { now } from "../state/clock";
import { useResource } from "../state/resource";
import type { Pulse } from "../state/live";
import { CompareWith } from "./CompareWith";
import { Detail } from "./Detail";
import { Icon, StatusMark } from "./Marks";
import { Neighbours } from "./Neighbours";
import { PlanBars } from "./PlanBar";
import { RunResult } from "./RunResult";
import { Failed, Loading, Nothing, Outdated } from "./States";
import { Age, CopyButton, Fact, Id, Money } from "./Text";
import { TimeSplit } from "./TimeSplit";
import { Waterfall } from "./Waterfall";

export interface RunPanelProps {
  taskId: string;
  runId: string | null;
  /** Inside another view: the header links to the page of the run. */
  embedded?: boolean;
  /** Why it is shown though nobody chose it. */
  why?: string | null;
  selected: string | null;
  onSelect: (key: string | null) => void;
}

function touches(taskId: string): (pulse: Pulse) => boolean {
  return (pulse) => pulse.kind === "resync" || (pulse.kind === "event" && pulse.event.task_id === taskId);
}

function absolute(href: string): string {
  return new URL(href, location.href).toString();
}

/** The exception that ended the run, from its latest `task_failed`. */
function taskFailure(run: Timeline): string | null {
  if (run.derived_status !== "failed") return null;
  const last = run.events
    .filter((event: HiveEvent) => event.event_type === "task_failed")
    .sort((a, b) => (a.timestamp < b.timestamp ? 1 : -1))[0];
  const failure = last ? failureOf(last.payload) : null;
  return failure ? failureText(failure) : (run.error ?? "The task failed without a message.");
}

function Facts({ run }: { run: Timeline }) {
  const started = instant(run.started_at);
  const open = isOpen(run.derived_status) && started !== null;
  return (
    <dl class="facts run-facts">
      <Fact label="Duration">
        <span class="num">{open ? duration(now.value - started) : duration(run.duration_ms)}</span>
      </Fact>
      <Fact label="Cost">
        <Money
          usd={run.total_cost}
          estimated={run.estimated_cost}
          why={run.llm_call_count === 0 ? "No LLM calls" : undefined}
        />
      </Fact>
      <Fact label="Tokens">
        <span class="num" title="In → out">
          {tokenPair(run.total_tokens_in, run.total_tokens_out)}
        </span>
      </Fact>
      <Fact label="LLM calls">
        <span class="num">{count(run.llm_call_count)}</span>
      </Fact>
      <Fact label="Actions" minor>
        <span class="num">{count(run.action_count)}</span>
      </Fact>
      <Fact label="Errors" tone={run.error_count > 0 ? "bad" : undefined}>
        <span class="num">{count(run.error_count)}</span>
      </Fact>
      <Fact label="Retries" tone={run.retry_count ? "retry" : undefined}>
        <span class="num">{count(run.retry_count)}</span>
      </Fact>
      <Fact label="Agent">
        <a href={detailHref("agent", run.agent_id)}>
          <Id value={run.agent_id} />
        </a>
      </Fact>
      <Fact label="Project">
        <Id value={run.project_id} />
      </Fact>
      {run.session_id ? (
        <Fact label="Session">
          <a href={detailHref("session", run.session_id)}>
            <Id value={run.session_id} />
          </a>
        </Fact>
      ) : null}
      {run.user_id ? (
        <Fact label="User" minor>
          <Id value={run.user_id} />
        </Fact>
      ) : null}
      <Fact label="Started">
        <Age at={run.started_at} />
      </Fact>
    </dl>
  );
}

function Head({ run, props }: { run: Timeline; props: RunPanelProps }) {
  const href = runHref(run.task_id, run.task_run_id);
  const failure = taskFailure(run);
  return (
    <header class="run-head">
      {props.why ? <p class="run-why dim">{props.why}</p> : null}
      <div class="run-title">
        <StatusMark status={run.derived_status} />
        {props.embedded ? (
          <h2>
            <a href={href}>
              <Id value={run.task_id} />
            </a>
          </h2>
        ) : (
          <h1>
            <Id value={run.task_id} />
          </h1>
        )}
        {run.task_type ? (
          <span class="chip">
            <bdi>{oneLine(run.task_type, 60)}</bdi>
          </span>
        ) : null}
        <span class="grow" />
        {props.embedded ? null : <Neighbours run={run} />}
        <CompareWith run={run} short={props.embedded === true} />
        <CopyButton quiet label="Copy link to this run" text={() => absolute(href)} />
        {props.embedded ? (
          <a class="button quiet" href={href} aria-label="Open the run on its own page" title="Open the run on its own page">
            <Icon name="open" />
          </a>
        ) : null}
      </div>
      {failure ? (
        <p class="run-error" role="note">
          <Icon name="alert" />
          <bdi>{failure.slice(0, 1000)}</bdi>
        </p>
      ) : null}
      <Facts run={run} />
    </header>
  );
}

/** What is missing of a run too long to show whole. */
function omission(run: Timeline): string {
  const number = (value: number) => value.toLocaleString("en");
  if (!run.events_omitted) return `The first ${number(run.events.length)} events of this run are shown; it has more.`;
  const [since, until] = [clock(run.omitted_since), clock(run.omitted_until)];
  const all = run.event_count ?? run.events.length + run.events_omitted;
  const when = since === until ? `at ${since}` : `between ${since} and ${until}`;
  const verb = run.events_omitted === 1 ? "is" : "are";
  return `${number(run.events_omitted)} of the ${number(all)} events of this run ${verb} not shown, ${when}; failures there are.`;
}

function find(roots: readonly RunNode[], key: string | null): RunNode | null {
  if (key === null) return null;
  return flatten(roots, new Set()).find((row) => row.node.key === key)?.node ?? null;
}

function Body({ run, props }: { run: Timeline; props: RunPanelProps }) {
  const roots = useMemo(() => buildTree(run), [run]);
  const plans = useMemo(() => planRevisions(run.events), [run]);
  const running = isOpen(run.derived_status);
  const lost = lostNote(run);
  const until = running ? now.value : serverNow();
  const span = useMemo(() => timeSpan(run, roots, until), [run, roots, running ? until : 0]);
  const node = find(roots, props.selected);
  const link = () => absolute(runHref(run.task_id, run.task_run_id, { node: props.selected ?? "" }));
  return (
    <div class={node ? "run with-detail" : "run"}>
      <div class="run-main">
        <Head run={run} props={props} />
        <PlanBars plans={plans} />
        <TimeSplit split={run.time_breakdown} />
        <RunResult events={run.events} />
        {lost ? (
          <p class="note tone-lost" role="note">
            {lost}
          </p>
        ) : null}
        {run.events_truncated ? (
          <p class="note tone-wait" role="note">
            {omission(run)}
          </p>
        ) : null}
        {roots.length > 0 ? (
          <Waterfall
            roots={roots}
            from={span.from}
            to={span.to}
            now={until}
            selected={props.selected}
            onSelect={props.onSelect}
          />
        ) : (
          <Nothing title="Nothing but the run itself so far">
            <p class="dim">Actions and LLM calls appear here as they happen.</p>
          </Nothing>
        )}
      </div>
      {node ? <Detail node={node} link={link} onClose={() => props.onSelect(null)} /> : null}
    </div>
  );
}

export function RunPanel(props: RunPanelProps) {
  const { taskId, runId } = props;
  const resource = useResource<Timeline>(
    `${taskId}\n${runId ?? ""}`,
    (abort) => get<Timeline>("tasks/timeline", { task_id: taskId, task_run_id: runId }, abort),
    touches(taskId),
  );
  const run = resource.data.value;
  const error = resource.error.value;
  if (!run) return error ? <Failed error={error} retry={resource.reload} /> : <Loading />;
  return (
    <>
      {error ? <Outdated error={error} retry={resource.reload} /> : null}
      <Body key={`${taskId}\n${runId ?? ""}`} run={run} props={props} />
    </>
  );
}

/** The node of the present address. */
export function selectedNode(): string | null {
  return route.value.query["node"] ?? null;
}
