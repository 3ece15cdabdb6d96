/** A number large enough to read from afar; it grows smaller before any of it would be cut. */

import { money } from "../format";
import { Money } from "./Text";

/** A sum of money and the part of it that is an estimate, in US dollars. */
export interface Amount {
  usd: number | null;
  estimated?: number | null;
}

export function Figure({ value, unit }: { value: Amount | string; unit?: string }) {
  const length = typeof value === "string" ? value.length : money(value.usd).length + (value.estimated ? 1 : 0);
  return (
    <span class="ribbon-figure" style={{ "--characters": String(Math.max(1, length)) }}>
      <span class="ribbon-value num">
        {typeof value === "string" ? value : <Money usd={value.usd} estimated={value.estimated} />}
      </span>
      {unit ? <span class="ribbon-unit">{unit}</span> : null}
    </span>
  );
}
