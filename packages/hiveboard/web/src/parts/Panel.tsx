/** A panel of a page, and the tables that stand in panels. */

import type { ComponentChildren } from "preact";

interface PanelProps {
  title: string;
  /** How much is in it. */
  count?: ComponentChildren;
  /** What can be done with it, at the end of its head. */
  action?: ComponentChildren;
  /** More classes. */
  kind?: string;
  /** Said where the title is too short to be found by. */
  label?: string;
  children: ComponentChildren;
}

export function Panel({ title, count, action, kind = "", label, children }: PanelProps) {
  return (
    <section class={`panel ${kind}`} aria-label={label}>
      <header class="pane-head">
        <h2>{title}</h2>
        {count === undefined ? null : <span class="num dim">{count}</span>}
        <span class="grow" />
        {action}
      </header>
      {children}
    </section>
  );
}

/** A head of a column and its classes: `r` for numbers, `wide-only`. */
export type Head = string | readonly [text: string, kind: string];

export function Heads({ heads }: { heads: readonly Head[] }) {
  return (
    <thead>
      <tr>
        {heads.map((head) => {
          const [text, kind] = typeof head === "string" ? [head] : head;
          return (
            <th key={text} scope="col" class={kind}>
              {text || <span class="sr-only">Actions</span>}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

interface ScrollTableProps {
  label: string;
  heads: readonly Head[];
  kind?: string;
  children: ComponentChildren;
}

/** A table that scrolls within its panel. */
export function ScrollTable({ label, heads, kind = "", children }: ScrollTableProps) {
  return (
    <div class={`table-scroll ${kind}`} role="region" tabIndex={0} aria-label={label}>
      <table class="table">
        <Heads heads={heads} />
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
