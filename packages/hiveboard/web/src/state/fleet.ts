/** The agents, shared by every view: the cards, the pickers, the attention count in the title. */

import { computed, effect, signal } from "@preact/signals";
import { get } from "../api/client";
import type { Agent, Page, Project } from "../api/types";
import { byUrgency, needsAttention } from "../model/status";
import { environment, project } from "../router";
import { Refresher, type Resource } from "./resource";

type Fleet = Page<Agent>;

/** Beyond so many agents the cards show the most urgent ones. */
const MOST_PAGES = 5;

async function readFleet(abort: AbortSignal): Promise<Fleet> {
  const all: Agent[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer: Fleet = await get<Fleet>("agents", { limit: 200, cursor }, abort);
    all.push(...answer.data);
    cursor = answer.pagination?.has_more ? answer.pagination.cursor : null;
    if (cursor === null) break;
  }
  return { data: all, pagination: { cursor, has_more: cursor !== null } };
}

const fleet = new Refresher<Fleet>(readFleet, () => true, true);
const projects = new Refresher<Page<Project>>(
  (abort) => get<Page<Project>>("projects", {}, abort),
  (pulse) => pulse.kind === "resync" || (pulse.kind === "event" && pulse.event.event_type === "task_started"),
);

export const fleetResource: Resource<Fleet> = fleet;

export const allAgents = computed<Agent[]>(() => fleet.data.value?.data ?? []);

/** Agents of the chosen project and environment, most urgent first. */
export const agents = computed<Agent[]>(() =>
  allAgents.value
    .filter((agent) => !environment.value || agent.environment === environment.value)
    .filter((agent) => !project.value || agent.current_project_id === project.value || agent.projects?.includes(project.value))
    .sort(byUrgency),
);

export const attention = computed(() => agents.value.filter(needsAttention).length);

export const environments = computed(() => [...new Set(allAgents.value.map((agent) => agent.environment))].sort());

export const projectNames = computed(() => {
  const listed = projects.data.value?.data.map((item) => item.slug ?? item.project_id) ?? [];
  const seen = allAgents.value.flatMap((agent) => agent.projects ?? []);
  return [...new Set([...listed, ...seen])].sort();
});

/** Whether the first answer has arrived; before that the page must not claim to be empty. */
export const fleetKnown = computed(() => fleet.data.value !== null);

/** Seconds since the heartbeat, by the collector's reckoning at the last answer plus the time since. */
export function heartbeatAge(agent: Agent, nowMs: number): number | null {
  if (agent.heartbeat_age_seconds === null || agent.heartbeat_age_seconds === undefined) return null;
  return Math.max(0, agent.heartbeat_age_seconds + (nowMs - fleetReceivedAt.value) / 1000);
}

/** When the agents were received, by the collector's clock. */
const fleetReceivedAt = signal(0);

export function startFleet(serverNow: () => number): void {
  fleet.start();
  projects.start();
  effect(() => {
    if (fleet.loadedAt.value) fleetReceivedAt.value = serverNow();
  });
  effect(() => {
    document.title = `${attention.value > 0 ? `(${attention.value}) ` : ""}HiveBoard`;
  });
}
