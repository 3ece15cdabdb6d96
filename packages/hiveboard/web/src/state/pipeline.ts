/** What waits in the fleet, in one answer. */

import { get, request } from "../api/client";
import type { FleetPipeline } from "../api/pipeline";

/** The worst issues come first, among equals the one reported last. */
export async function readPipeline(project: string, environment: string, abort: AbortSignal): Promise<FleetPipeline> {
  const answer = await get<FleetPipeline>("pipeline", { project_id: project, environment }, abort);
  return { ...answer, issues: [...answer.issues].sort((a, b) => weight(a.severity) - weight(b.severity)) };
}

export type Verdict = "approved" | "rejected";

/** Answer a request for approval; whoever waits for it goes on. */
export async function decide(address: string, verdict: Verdict, by: string, reason: string): Promise<void> {
  const body = { decision: verdict, ...(by ? { approved_by: by } : {}), ...(reason ? { reason } : {}) };
  await request("POST", `approvals/${encodeURIComponent(address)}`, { body });
}

export type IssueAction = "resolved" | "dismissed" | "reopened";

/** Close an issue, or open it again. */
export async function actOnIssue(id: string, action: IssueAction): Promise<void> {
  await request("POST", `issues/${encodeURIComponent(id)}`, { body: { action } });
}

const SEVERITIES = ["critical", "high", "medium", "low"];

function weight(severity: string | null): number {
  const at = SEVERITIES.indexOf(severity ?? "");
  return at < 0 ? SEVERITIES.length : at;
}
