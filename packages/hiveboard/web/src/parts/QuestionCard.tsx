/** One question people ask of a fleet: its number, how that moved, why it is so, and where to look. */

import type { Insight } from "../api/insights";
import { oneLine } from "../format";
import { drawable, trendOf, written } from "../model/insight";
import { Line } from "./Charts";
import { EvidenceLinks } from "./EvidenceLinks";
import { Icon } from "./Marks";
import { TrendMark } from "./TrendMark";

export interface QuestionProps {
  insight: Insight;
  /** The address of its breakdown. */
  href: string;
  /** What the number is compared with: `the 24 hours before`. */
  before: string;
}

function Sparkline({ insight }: { insight: Insight }) {
  const values = drawable(insight);
  return values ? <Line values={values} label={`In this period, ${values.length} steps`} /> : null;
}

/** The number alone, large, with its unit. */
export function Answer({ insight }: { insight: Insight }) {
  const { text, unit } = written(insight.value, insight.unit, insight.id);
  return (
    <span class="q-figure">
      <span class={`q-value num${insight.state === "attention" ? " tone-wait" : ""}`}>{text}</span>
      {unit ? <span class="q-unit">{unit}</span> : null}
    </span>
  );
}

export function QuestionCard({ insight, href, before }: QuestionProps) {
  const trend = trendOf(insight, before);
  return (
    <article class={`question${insight.state === "attention" ? " edge-wait" : ""}`} data-question={insight.id}>
      <h3>
        <a class="question-link" href={href} data-nav="">
          {oneLine(insight.question, 200)}
        </a>
        {insight.state === "attention" ? (
          <span class="question-flag tone-wait" title="Needs a look">
            <Icon name="alert" />
            <span class="sr-only">needs a look</span>
          </span>
        ) : null}
      </h3>
      <div class="question-main">
        <Answer insight={insight} />
        {trend ? <TrendMark trend={trend} /> : null}
        <Sparkline insight={insight} />
      </div>
      <p class="question-why dim">
        <bdi>{oneLine(insight.explanation, 400)}</bdi>
      </p>
      <EvidenceLinks evidence={insight.evidence} />
    </article>
  );
}

/** Questions that cannot be answered yet, with the reason: a line each. */
export function UnknownList({ items, hrefOf }: { items: readonly Insight[]; hrefOf: (id: string) => string }) {
  return (
    <section class="panel unknowns" aria-label="Not known">
      <h3 class="unknowns-head dim">
        Not known yet <span class="num">{items.length}</span>
      </h3>
      <ul>
        {items.map((insight) => (
          <li key={insight.id} data-question={insight.id}>
            <a class="question-link" href={hrefOf(insight.id)} data-nav="">
              {oneLine(insight.question, 200)}
            </a>
            <span class="dim wrap">
              <bdi>{oneLine(insight.explanation, 400)}</bdi>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
