/** The steps of two runs, aligned: what both did, what only one did, and where they first part. */

import { useMemo, useState } from "preact/hooks";
import type { DiffRow, RunDiff, RunStep } from "../api/diff";
import { count, duration, oneLine } from "../format";
import { folded, tally } from "../model/compare";
import { Icon } from "./Marks";
import { Panel } from "./Panel";
import { Money } from "./Text";

const WORDS: Record<string, [mark: string, word: string]> = {
  same: ["", "the same"],
  changed: ["≠", "changed"],
  only_a: ["−", "only in a"],
  only_b: ["+", "only in b"],
};
const DEEPEST = 8;

/** What differs within a step both runs took. */
function Differences({ row }: { row: DiffRow }) {
  const { a, b } = row;
  if (row.op !== "changed" || !a || !b) return null;
  return (
    <dl class="differences">
      {row.changed.map((name) => {
        const [before, after] = [told(a, name), told(b, name)];
        return (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <bdi class="was">{before}</bdi>
              <span aria-hidden="true"> → </span>
              <span class="sr-only">became</span>
              <bdi class="is">{before === after ? "differs beyond what is shown" : after}</bdi>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

function told(step: RunStep, name: string): string {
  const value = { arguments: step.arguments, model: step.model, status: step.status, error: step.error }[name];
  return value ? oneLine(value, 240) : "none";
}

function Step({ step, side }: { step: RunStep | null; side: "a" | "b" }) {
  if (!step) return <div role="cell" class={`took took-${side} absent`} aria-label="not taken" />;
  return (
    <div role="cell" class={`took took-${side}`}>
      <span class="side-mark" aria-hidden="true">
        {side}
      </span>
      <bdi
        class={`took-name${step.status === "failed" ? " tone-bad" : ""}`}
        style={{ paddingInlineStart: `${Math.min(step.depth, DEEPEST) * 14}px` }}
        title={oneLine(step.arguments ? `${step.label} ${step.arguments}` : step.label, 800)}
      >
        {oneLine(step.label, 160) || "(blank)"}
      </bdi>
      {step.status === "failed" ? (
        <span class="tone-bad" title={step.error ? oneLine(step.error, 800) : "Failed"}>
          <Icon name="alert" />
          <span class="sr-only">failed</span>
        </span>
      ) : null}
      <span class="num dim took-ms">{step.duration_ms === null ? "" : duration(step.duration_ms)}</span>
      <span class="num dim took-cost">{step.cost === null ? "" : <Money usd={step.cost} />}</span>
    </div>
  );
}

function Row({ row, parting }: { row: DiffRow; parting: string | null }) {
  const [mark, word] = WORDS[row.op] ?? ["?", row.op];
  return (
    <>
      {parting === null ? null : (
        <div role="row" class="parting">
          <div role="cell" aria-colspan={3}>
            <strong>The runs part here</strong>{" "}
            <span class="wrap">
              <bdi>{oneLine(parting, 400)}</bdi>
            </span>
          </div>
        </div>
      )}
      <div role="row" class={`diff-row op-${Object.hasOwn(WORDS, row.op) ? row.op : "changed"}`}>
        <div role="cell" class="op" title={word}>
          <span aria-hidden="true">{mark}</span>
          <span class="sr-only">{word}</span>
        </div>
        <Step step={row.a} side="a" />
        <Step step={row.b} side="b" />
        <Differences row={row} />
      </div>
    </>
  );
}

export function DiffSteps({ diff }: { diff: RunDiff }) {
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const shown = useMemo(() => folded(diff.rows, opened), [diff, opened]);
  return (
    <Panel title="Steps" label="Steps" kind="diff" count={tally(diff)}>
      {diff.rows.length === 0 ? <p class="note dim">Neither run told of a step.</p> : null}
      <div role="table" aria-label="Steps of both runs">
        <div role="rowgroup">
          <div role="row" class="diff-row diff-head">
            <div role="columnheader" class="op">
              <span class="sr-only">Difference</span>
            </div>
            <div role="columnheader">a</div>
            <div role="columnheader">b</div>
          </div>
        </div>
        <div role="rowgroup">
          {shown.map((item) =>
            item.kind === "row" ? (
              <Row
                key={item.index}
                row={item.row}
                parting={item.index === diff.first_divergence?.index ? diff.first_divergence.text : null}
              />
            ) : (
              <div role="row" key={`fold ${item.from}`} class="fold">
                <div role="cell" aria-colspan={3}>
                  <button type="button" onClick={() => setOpened(new Set([...opened, item.from]))}>
                    {item.count.toLocaleString("en")} equal steps
                  </button>
                </div>
              </div>
            ),
          )}
        </div>
      </div>
      {diff.rows_omitted > 0 ? <p class="note dim">{count(diff.rows_omitted)} more steps are not shown.</p> : null}
      {diff.is_partial ? (
        <p class="note tone-wait">A run was too long to be compared whole: its beginning, its end and its failures were.</p>
      ) : null}
    </Panel>
  );
}
