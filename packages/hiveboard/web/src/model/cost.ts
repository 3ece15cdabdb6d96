/** Sums of money that know what they do not know. */

/** A sum over nothing but calls without a price is unknown, not zero. */
export function pricedSum(cost: number | null, calls: number, unpriced: number | null | undefined): number | null {
  return calls > 0 && unpriced === calls ? null : cost;
}
