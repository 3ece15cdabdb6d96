/** Where to look for oneself. */

import type { Evidence } from "../api/insights";
import { oneLine } from "../format";
import { inside } from "../model/insight";

/** Each address once: several runs of one task may have the same label, but no two links are the same. */
function distinct(evidence: readonly Evidence[]): { label: string; href: string }[] {
  const found = new Map<string, string>();
  for (const one of evidence) {
    const href = inside(one);
    if (href !== null && !found.has(href)) found.set(href, one.label);
  }
  return [...found].map(([href, label]) => ({ href, label }));
}

export function EvidenceLinks({ evidence }: { evidence: readonly Evidence[] }) {
  const links = distinct(evidence);
  if (links.length === 0) return null;
  return (
    <ul class="evidence" aria-label="Evidence">
      {links.map(({ label, href }) => (
        <li key={href}>
          <a href={href} title={oneLine(label, 600)}>
            <bdi>{oneLine(label, 60) || "(blank)"}</bdi>
          </a>
        </li>
      ))}
    </ul>
  );
}
