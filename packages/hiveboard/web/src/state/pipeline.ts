/** What waits in the fleet, in one answer. */

import { get } from "../api/client";
import type { FleetPipeline } from "../api/pipeline";

/** The worst issues come first, among equals the one reported last. */
export async function readPipeline(project: string, environment: string, abort: AbortSignal): Promise<FleetPipeline> {
  const answer = await get<FleetPipeline>("pipeline", { project_id: project, environment }, abort);
  return { ...answer, issues: [...answer.issues].sort((a, b) => weight(a.severity) - weight(b.severity)) };
}

const SEVERITIES = ["critical", "high", "medium", "low"];

function weight(severity: string | null): number {
  const at = SEVERITIES.indexOf(severity ?? "");
  return at < 0 ? SEVERITIES.length : at;
}
