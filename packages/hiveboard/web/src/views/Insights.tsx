/** The questions people ask of a fleet, answered; one of them with the rows its number comes from. */

import { get } from "../api/client";
import type { Breakdown, Insight, Insights as Answer } from "../api/insights";
import { exact, oneLine } from "../format";
import { GROUPS, trendEnds, trendOf, drawable } from "../model/insight";
import { DEFAULT_RANGE, rangeOf, RANGES, type Range } from "../model/range";
import { BreakdownTable } from "../parts/BreakdownTable";
import { Line } from "../parts/Charts";
import { EvidenceLinks } from "../parts/EvidenceLinks";
import { Select } from "../parts/Fields";
import { FindingList } from "../parts/FindingList";
import { Main } from "../parts/Main";
import { Answer as Figure, QuestionCard, UnknownList } from "../parts/QuestionCard";
import { Loaded, Nothing } from "../parts/States";
import { CopyButton } from "../parts/Text";
import { TrendMark } from "../parts/TrendMark";
import { environment, go, project, route, setQuery, withQuery } from "../router";
import { useKeys } from "../state/keys";
import type { Pulse } from "../state/live";
import { useKept, useResource } from "../state/resource";

/** Dozens of sums over days do not change by the second: they are asked for again by the clock, and after a gap. */
function afterGap(pulse: Pulse): boolean {
  return pulse.kind === "resync";
}

function hrefOf(id: string): string {
  return withQuery({ question: id, show: "", part: "" });
}

function RangePicker({ range }: { range: Range }) {
  return (
    <Select
      label="Range"
      all=""
      value={range.value}
      options={RANGES}
      onPick={(value) => setQuery({ range: value === DEFAULT_RANGE ? "" : value })}
    />
  );
}

/** Which questions are shown: all, those of a group, those that need a look. */
function Choice({ label, count, change, on }: { label: string; count?: number; change: Record<string, string>; on: boolean }) {
  return (
    <button type="button" class="button quiet" aria-pressed={on} onClick={() => setQuery(change)}>
      {label}
      {count === undefined ? null : <span class="num">{count}</span>}
    </button>
  );
}

function Group({ group, items, range }: { group: (typeof GROUPS)[number]; items: readonly Insight[]; range: Range }) {
  const known = items.filter((insight) => insight.state !== "unknown");
  const unknown = items.filter((insight) => insight.state === "unknown");
  if (items.length === 0) return null;
  return (
    <section class="question-group" aria-label={group.title}>
      <header>
        <h2>{group.title}</h2>
        <span class="dim">{group.about}</span>
      </header>
      {known.length > 0 ? (
        <div class="questions">
          {known.map((insight) => (
            <QuestionCard key={insight.id} insight={insight} href={hrefOf(insight.id)} before={range.before} />
          ))}
        </div>
      ) : null}
      {unknown.length > 0 ? <UnknownList items={unknown} hrefOf={hrefOf} /> : null}
    </section>
  );
}

/** Moves the focus among the questions. */
function focusQuestion(by: number): void {
  const links = [...document.querySelectorAll<HTMLElement>(".question-group [data-nav]")];
  const at = links.findIndex((link) => link === document.activeElement);
  links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
}

function Everything({ answer, range }: { answer: Answer; range: Range }) {
  const { query } = route.value;
  const part = GROUPS.find((group) => group.id === query["part"])?.id ?? "";
  const only = query["show"] === "attention";
  const flagged = answer.insights.filter((insight) => insight.state === "attention").length;
  const shown = answer.insights.filter((insight) => !only || insight.state === "attention");
  useKeys({ j: () => focusQuestion(1), k: () => focusQuestion(-1) });
  return (
    <>
      <div class="choices" role="group" aria-label="Questions">
        <Choice label="All" change={{ part: "", show: "" }} on={!part && !only} />
        {GROUPS.map((group) => (
          <Choice key={group.id} label={group.title} change={{ part: group.id, show: "" }} on={part === group.id} />
        ))}
        <Choice label="Needs a look" count={flagged} change={{ show: only ? "" : "attention", part: "" }} on={only} />
      </div>
      {part ? null : <FindingList findings={answer.findings} />}
      {GROUPS.filter((group) => !part || group.id === part).map((group) => (
        <Group key={group.id} group={group} items={shown.filter((insight) => insight.group === group.id)} range={range} />
      ))}
      {shown.length === 0 ? (
        <Nothing title="Nothing needs a look">
          <p class="dim">Every question has an answer within its bounds.</p>
        </Nothing>
      ) : null}
    </>
  );
}

function Whole({ range }: { range: Range }) {
  const scope = { project_id: project.value, environment: environment.value };
  const resource = useResource<Answer>(
    `insights ${range.value} ${JSON.stringify(scope)}`,
    (abort) => get<Answer>("insights", { ...scope, range: range.value }, abort),
    afterGap,
  );
  const answer = useKept(resource.data.value, resource.error.value);
  return (
    <Main kind="page page-scroll">
      <div class="toolbar">
        <h1>Insights</h1>
        <RangePicker range={range} />
      </div>
      <Loaded from={resource} data={answer}>
        {(answer) => <Everything answer={answer} range={range} />}
      </Loaded>
    </Main>
  );
}

function Course({ answer }: { answer: Breakdown }) {
  const [values, ends] = [drawable(answer), trendEnds(answer)];
  if (!values || !ends) return null;
  return (
    <figure class="course">
      <Line values={values} label={`From ${exact(ends[0]).slice(0, 16)} to ${exact(ends[1]).slice(0, 16)}`} />
      <figcaption class="dim num">
        <span>{exact(ends[0]).slice(0, 16)}</span>
        <span>{exact(ends[1]).slice(0, 16)}</span>
      </figcaption>
    </figure>
  );
}

function Story({ answer, range }: { answer: Breakdown; range: Range }) {
  const trend = trendOf(answer, range.before);
  return (
    <>
      <section class="panel answer" aria-label="Answer">
        <div class="question-main">
          <Figure insight={answer} />
          {trend ? <TrendMark trend={trend} /> : null}
          {answer.state === "unknown" ? <span class="badge">not known</span> : null}
        </div>
        <p class="wrap">
          <bdi>{oneLine(answer.explanation, 1000)}</bdi>
        </p>
        <EvidenceLinks evidence={answer.evidence} />
        <Course answer={answer} />
      </section>
      {answer.rows.length > 0 ? <BreakdownTable answer={answer} /> : null}
    </>
  );
}

function One({ id, range }: { id: string; range: Range }) {
  const scope = { project_id: project.value, environment: environment.value };
  const back = withQuery({ question: "" });
  useKeys({ Escape: () => go(back) });
  const resource = useResource<Breakdown>(
    `insight ${id} ${range.value} ${JSON.stringify(scope)}`,
    (abort) => get<Breakdown>(`insights/${encodeURIComponent(id)}`, { ...scope, range: range.value }, abort),
    afterGap,
  );
  const answer = useKept(resource.data.value, resource.error.value);
  return (
    <Main kind="page page-scroll page-question">
      <a class="back dim" href={back}>
        ← All insights
      </a>
      <div class="toolbar">
        <h1>{answer ? oneLine(answer.question, 200) : "Insight"}</h1>
        <RangePicker range={range} />
        <CopyButton quiet label="Copy link to this question" text={() => location.href} />
      </div>
      <Loaded
        from={resource}
        data={answer}
        advice={(error) => (error.status === 404 ? <p class="dim">There is no question of this name.</p> : null)}
      >
        {(answer) => <Story answer={answer} range={range} />}
      </Loaded>
    </Main>
  );
}

export default function Insights() {
  const { query } = route.value;
  const range = rangeOf(query["range"]);
  return query["question"] ? <One key={query["question"]} id={query["question"]} range={range} /> : <Whole range={range} />;
}
