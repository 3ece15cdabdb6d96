/** The rows a question's number comes from. */

import type { Breakdown, BreakdownColumn } from "../api/insights";
import { count, oneLine } from "../format";
import { barScale, cellText, csv, isNumeric } from "../model/insight";
import { detailHref, runHref } from "../router";
import { Panel, ScrollTable } from "./Panel";
import { Age, CopyButton, Id } from "./Text";

type Row = Record<string, unknown>;

/** Where a named thing has a page of its own. */
function linkOf(column: BreakdownColumn, row: Row): string | null {
  const value = row[column.key];
  if (typeof value !== "string" || value === "") return null;
  if (column.key === "agent") return detailHref("agent", value);
  if (column.key !== "task") return null;
  const run = row["run"];
  return runHref(value, typeof run === "string" && run !== "" ? run : null);
}

function Cell({ column, row }: { column: BreakdownColumn; row: Row }) {
  const value = row[column.key];
  const href = linkOf(column, row);
  if (href !== null && typeof value === "string")
    return (
      <a href={href}>
        <Id value={value} />
      </a>
    );
  if (column.unit === "time") return <Age at={typeof value === "string" ? value : null} />;
  const text = cellText(value, column);
  if (isNumeric(column)) return <span class="num">{text}</span>;
  return (
    <bdi class="wrap" title={typeof value === "string" && value.length > text.length ? oneLine(value, 1000) : undefined}>
      {text}
    </bdi>
  );
}

export function BreakdownTable({ answer }: { answer: Breakdown }) {
  const { columns, rows } = answer;
  const scale = barScale(columns, rows);
  const share = (row: Row) => {
    const value = scale === null ? null : row[scale.key];
    return typeof value === "number" && scale !== null ? Math.max(0, Math.min(1, value / scale.top)) : 0;
  };
  return (
    <Panel
      title="Where it comes from"
      count={answer.rows_omitted > 0 ? `${rows.length} of ${count(rows.length + answer.rows_omitted)}` : rows.length}
      action={<CopyButton quiet label="Copy as CSV" text={() => csv(columns, rows)} />}
    >
      <ScrollTable
        label="Where it comes from"
        kind="breakdown"
        heads={columns.map((column) => [oneLine(column.title, 60), isNumeric(column) ? "r" : ""])}
      >
        {rows.map((row, at) => (
          <tr key={at}>
            {columns.map((column, index) => (
              <td key={column.key} class={isNumeric(column) ? "r" : undefined}>
                <Cell column={column} row={row} />
                {index === 0 && scale ? (
                  <span class="share" aria-hidden="true">
                    <span class="share-fill" style={{ width: `${share(row) * 100}%` }} />
                  </span>
                ) : null}
              </td>
            ))}
          </tr>
        ))}
      </ScrollTable>
    </Panel>
  );
}
