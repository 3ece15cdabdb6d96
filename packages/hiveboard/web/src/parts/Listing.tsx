/** Lists of what waits: a panel with a table, and the cells its rows share. */

import type { ComponentChildren } from "preact";
import { count, oneLine } from "../format";
import type { Tone } from "../model/status";
import { detailHref } from "../router";
import { Heads, Panel } from "./Panel";
import { Id } from "./Text";

export function severityTone(severity: string | null): Tone {
  return severity === "critical" || severity === "high" ? "bad" : severity === "medium" ? "wait" : "none";
}

export function AgentLink({ id }: { id: string }) {
  return (
    <a href={detailHref("agent", id)}>
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
    <Panel title={title} count={rows.length < total ? `${rows.length} of ${count(total)}` : rows.length}>
      {rows.length === 0 ? (
        <p class="note dim">{empty}</p>
      ) : (
        <table class="table stack">
          <Heads heads={heads} />
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
    </Panel>
  );
}
