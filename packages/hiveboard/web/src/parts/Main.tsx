/** The main landmark of a page, where the skip link leads. */

import type { ComponentChildren } from "preact";

export function Main({ kind, style, children }: { kind: string; style?: Record<string, string>; children?: ComponentChildren }) {
  return (
    <main id="main" tabIndex={-1} class={kind} style={style}>
      {children}
    </main>
  );
}
