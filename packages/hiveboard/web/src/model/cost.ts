/** Why a cost is not known, and what is left out of a sum of costs. */

import type { CostSummary, LlmCall } from "../api/types";
import { count } from "../format";
import { asObject, failureOf } from "./json";

/** Why a call has no cost, as a sentence for a hover. */
export function unknownCost(call: Pick<LlmCall, "model" | "tokens_in" | "tokens_out" | "metadata">): string {
  if (failureOf(asObject(call.metadata)["error"]) !== null) return "Unknown: the call failed";
  if (call.tokens_in === null && call.tokens_out === null) return "Unknown: the call did not report its usage";
  return call.model ? `Unknown: no price known for ${call.model}` : "Unknown: the call named no model";
}

type Unpriced = Pick<CostSummary, "unpriced_calls" | "failed_calls" | "calls_without_usage">;

/** Calls without a cost, by reason. `unknown` is null when the collector tells the reasons, else it is all of them. */
function reasons(sums: Unpriced): { unpriced: number; failed: number; silent: number; unknown: number } {
  const all = sums.unpriced_calls ?? 0;
  if (sums.failed_calls === undefined && sums.calls_without_usage === undefined)
    return { unpriced: 0, failed: 0, silent: 0, unknown: all };
  const failed = Math.min(all, sums.failed_calls ?? 0);
  const silent = Math.min(all - failed, sums.calls_without_usage ?? 0);
  return { unpriced: all - failed - silent, failed, silent, unknown: 0 };
}

function some(number: number, one: string, many: string): string[] {
  return number === 0 ? [] : [number === 1 ? one : `${count(number)} ${many}`];
}

const MOST_NAMES = 3;

/** Names of models that no price is known for, the most called first. */
function modelsWithoutPrice(summary: CostSummary): string {
  const names = summary.by_model.filter((row) => reasons(row).unpriced > 0).map((row) => row.model ?? "no model named");
  const more = names.length - MOST_NAMES;
  return names.length === 0 ? "" : ` (${names.slice(0, MOST_NAMES).join(", ")}${more > 0 ? ` and ${more} more` : ""})`;
}

/** What is not in the sums, as a sentence; null when everything is. */
export function leftOut(summary: CostSummary): string | null {
  const { unpriced, failed, silent, unknown } = reasons(summary);
  const names = modelsWithoutPrice(summary);
  const parts = [
    ...some(unpriced, "one call to a model", "calls to models").map((text) => `${text} without a known price${names}`),
    ...some(failed, "one call that failed", "calls that failed"),
    ...some(silent, "one call that did not report its usage", "calls that did not report their usage"),
    ...some(unknown, "one call whose cost is not known", "calls whose cost is not known"),
  ];
  if (parts.length === 0) return null;
  const last = parts.pop() ?? "";
  return `Not in these sums: ${parts.length > 0 ? `${parts.join(", ")} and ${last}` : last}.`;
}

/** Why a group has no cost, as a sentence for a hover. */
export function unknownGroup(row: Unpriced & { call_count: number }): string {
  if (row.call_count === 0) return "No LLM calls";
  const { unpriced, failed, silent, unknown } = reasons(row);
  if (unpriced > 0 && failed + silent === 0) return "Unknown: no price known for this model";
  if (failed > 0 && unpriced + silent === 0) return "Unknown: every call failed";
  if (silent > 0 && unpriced + failed === 0) return "Unknown: no call reported its usage";
  return unknown > 0 ? "Unknown: no call here has a known cost" : "Unknown: the calls failed, reported no usage or have no known price";
}
