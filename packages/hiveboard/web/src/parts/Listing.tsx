/** Lists of what waits: a panel with a table, and the cells its rows share. */

import type { ComponentChildren } from "preact";
import { count, oneLine } from "../format";
import type { Tone } from "../model/status";
import { viewHref } from "../router";
import { Id } from "./Text";

export function severityTone(severity: string | null): Tone {
  return severity === "critical" || severity === "high" ? "bad" : severity === "medium" ? "wait" : "none";
}

export function AgentLink({ id }: { id: string }) {
  return (
    <a href={viewHref("fleet", { agent: id })}>
      <Id value={id} />
    </a>
  );
}

/** A word of an agent's own as a badge, never wider than its column. */
export function Word({ tone, text }: { tone: Tone; text: string }) {
  return (
    <bdi class={`badge word tone-${tone}`} title={oneLine(text, 600)}>
      {oneLine(text, 60)}
    </bdi>
  );
}

interface ListProps {
  title: string;
  /** How many there are; the collector sends the first few hundred. */
  total: number;
  empty: string;
  heads: readonly string[];
  rows: readonly { key: string; cells: readonly ComponentChildren[] }[];
}

/** A panel with a table; on a narrow window each row becomes a stack with its heads as labels. */
export function List({ title, total, empty, heads, rows }: ListProps) {
  return (
    <section class="panel">
      <header class="pane-head">
        <h2>{title}</h2>
        <span class="num dim">{rows.length < total ? `${rows.length} of ${count(total)}` : rows.length}</span>
      </header>
      {rows.length === 0 ? (
        <p class="note dim">{empty}</p>
      ) : (
        <table class="table stack">
          <thead>
            <tr>
              {heads.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.key}>
                {row.cells.map((cell, index) => (
                  <td key={heads[index]} data-head={heads[index]}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
