/** Alert rules in plain words: what each kind watches, which fields it has, what it says in a sentence. */

import type { Alert, Channel, Part, Rule } from "../api/settings";
import { count, money } from "../format";
import { writeDuration, type Field } from "./form";
import type { Tone } from "./status";

interface Kind {
  label: string;
  hint: string;
  fields: readonly Field[];
  say: (condition: Part) => string;
  /** It looks at runs, so it can be limited to one type of task. */
  ofTasks?: boolean;
}

const seconds = (value: unknown) => (typeof value === "number" ? writeDuration(value) : "–");
const PER: Field = {
  path: "condition.per",
  label: "Counted",
  kind: "choice",
  options: [
    { value: "scope", label: "all agents together" },
    { value: "agent", label: "each agent by itself" },
  ],
  half: true,
};
const perAgent = (condition: Part) => (condition["per"] === "agent" ? " of one agent" : "");
const span = (path: string, label: string, first: number, least: number, most = 604_800): Field => ({
  path: `condition.${path}`,
  label,
  kind: "duration",
  first,
  least,
  most,
  required: true,
  half: true,
  example: "5 m",
});
const window = (first: number, least = 300, most = 2_678_400) => span("window_seconds", "Within", first, least, most);
const usd = (path: string, label: string): Field => ({
  path: `condition.${path}`,
  label,
  kind: "number",
  unit: "$",
  most: 1e9,
  required: true,
  half: true,
});

export const CONDITIONS: Readonly<Record<string, Kind>> = {
  agent_stuck: {
    label: "An agent is stuck",
    hint: "It sends heartbeats, but has shown no sign of life for longer than its own threshold.",
    fields: [],
    say: () => "an agent is stuck",
  },
  heartbeat_lost: {
    label: "An agent falls silent",
    hint: "Nothing has come from it for so long, although it did not say that it stops.",
    fields: [span("silent_seconds", "Silent for", 300, 5)],
    say: (c) => `an agent is silent for ${seconds(c["silent_seconds"])}`,
  },
  task_failed: {
    label: "Runs fail",
    hint: "One is enough, or as many as you say within a time.",
    fields: [
      { path: "condition.count", label: "Failed runs", kind: "whole", first: 1, least: 1, most: 1000, required: true, half: true },
      window(300, 5, 86_400),
      { ...PER, first: "agent" },
    ],
    say: (c) =>
      c["count"] === 1
        ? "a run fails"
        : `${count(Number(c["count"]))} runs${perAgent(c)} fail within ${seconds(c["window_seconds"])}`,
    ofTasks: true,
  },
  error_rate: {
    label: "The error rate rises",
    hint: "The share of failed runs among those that ended. Cancelled runs count neither way.",
    fields: [
      {
        path: "condition.threshold_percent",
        label: "More than",
        kind: "number",
        unit: "%",
        first: 20,
        least: 0,
        most: 99.9,
        required: true,
        half: true,
      },
      window(900),
      {
        path: "condition.min_tasks",
        label: "Of at least so many runs",
        kind: "whole",
        first: 5,
        least: 1,
        most: 1e6,
        required: true,
        half: true,
      },
      { ...PER, first: "scope" },
    ],
    say: (c) => `more than ${String(c["threshold_percent"])} % of the runs${perAgent(c)} fail within ${seconds(c["window_seconds"])}`,
    ofTasks: true,
  },
  duration_exceeded: {
    label: "A run takes too long",
    hint: "Told once, while it still runs.",
    fields: [
      {
        path: "condition.threshold_ms",
        label: "Longer than",
        kind: "duration",
        scale: 1000,
        first: 60_000,
        least: 1,
        most: 604_800_000,
        required: true,
        half: true,
      },
    ],
    say: (c) => `a run takes longer than ${writeDuration(Number(c["threshold_ms"]) / 1000)}`,
    ofTasks: true,
  },
  cost_threshold: {
    label: "Too much is spent within a time",
    hint: "Reported and estimated costs; calls without a known price are in no sum.",
    fields: [usd("threshold_usd", "More than"), window(3600), { ...PER, first: "scope" }],
    say: (c) => `model calls${perAgent(c)} cost more than ${money(Number(c["threshold_usd"]))} within ${seconds(c["window_seconds"])}`,
    ofTasks: true,
  },
  budget: {
    label: "A budget is used up",
    hint: "Of a day or a month in UTC. Each step is told once.",
    fields: [
      usd("limit_usd", "Budget"),
      {
        path: "condition.period",
        label: "Each",
        kind: "choice",
        first: "day",
        options: [
          { value: "day", label: "day" },
          { value: "month", label: "month" },
        ],
        half: true,
      },
      { path: "condition.steps", label: "Tell at, %", kind: "numbers", first: [50, 80, 100], required: true, half: true },
      { ...PER, first: "scope" },
    ],
    say: (c) => `${money(Number(c["limit_usd"]))} a ${String(c["period"])}${perAgent(c)} is used up (${[c["steps"]].flat().join(", ")} %)`,
    ofTasks: true,
  },
  no_progress: {
    label: "A run makes no progress",
    hint: "It is open and waits for nobody, but no event of it comes, however well its process beats.",
    fields: [span("after_seconds", "For", 300, 5)],
    say: (c) => `a run makes no progress for ${seconds(c["after_seconds"])}`,
    ofTasks: true,
  },
  task_lost: {
    label: "A run is lost",
    hint: "It is open, but its process is not heard any more.",
    fields: [],
    say: () => "the process of a run vanishes",
    ofTasks: true,
  },
  queue_depth: {
    label: "A queue grows",
    hint: "The latest snapshot of an agent’s queue is deeper.",
    fields: [{ path: "condition.depth", label: "Deeper than", kind: "whole", first: 100, least: 0, most: 1e12, required: true, half: true }],
    say: (c) => `a queue is deeper than ${count(Number(c["depth"]))}`,
  },
  issue_opened: {
    label: "An issue is reported",
    hint: "Or comes back after it was closed.",
    fields: [
      {
        path: "condition.min_severity",
        label: "At least",
        kind: "choice",
        first: "high",
        options: ["low", "medium", "high", "critical"].map((value) => ({ value, label: value })),
        half: true,
      },
    ],
    say: (c) => `an issue of severity ${String(c["min_severity"])} or worse is reported`,
  },
  approval_waiting: {
    label: "An approval waits",
    hint: "A request has had no answer while its run goes on.",
    fields: [span("after_seconds", "For longer than", 900, 5)],
    say: (c) => `an approval waits for ${seconds(c["after_seconds"])}`,
  },
};

/** What a rule watches, as the end of "Tells when …". */
export function sayCondition(condition: Part): string {
  const type = String(condition["type"]);
  return Object.hasOwn(CONDITIONS, type) ? (CONDITIONS[type]?.say(condition) ?? type) : type;
}

const FILTERS: readonly [path: string, word: string][] = [
  ["project_id", "project"],
  ["environment", "environment"],
  ["group", "group"],
  ["agent_id", "agent"],
  ["task_type", "task type"],
];

/** What a rule is limited to; empty for everything. */
export function sayFilters(filters: Rule["filters"]): string {
  return FILTERS.filter(([path]) => filters[path])
    .map(([path, word]) => `${word} ${filters[path] ?? ""}`)
    .join(", ");
}

type Names = () => readonly string[];

/** The fields of a rule whose condition is of one kind. */
export function ruleFields(type: string, channels: readonly Channel[], names: Record<"projects" | "environments" | "agents", Names>): Field[] {
  const kind = CONDITIONS[type];
  const filter = (path: string, label: string, suggest?: Names): Field => ({
    path: `filters.${path}`,
    label,
    kind: "text",
    example: "all",
    half: true,
    ...(suggest ? { suggest } : {}),
  });
  return [
    { path: "name", label: "Name", kind: "text", required: true, example: "What people call it" },
    {
      path: "condition.type",
      label: "Tell when",
      kind: "choice",
      hint: kind?.hint ?? "",
      options: Object.entries(CONDITIONS).map(([value, { label }]) => ({ value, label })),
    },
    ...(kind?.fields ?? []),
    {
      path: "channels",
      label: "Tell it to",
      kind: "many",
      hint: channels.length > 0 ? "Without any, alerts are kept in the history only." : "There is no channel yet: alerts are kept in the history only.",
      options: channels.map((item) => ({ value: item.channel_id, label: item.name, hint: String(item.channel.type) })),
    },
    filter("project_id", "Project", names.projects),
    filter("environment", "Environment", names.environments),
    filter("agent_id", "Agent", names.agents),
    ...(kind?.ofTasks ? [filter("task_type", "Task type")] : []),
    filter("group", "Group"),
    {
      path: "severity",
      label: "Severity",
      kind: "choice",
      first: "warning",
      options: ["info", "warning", "critical"].map((value) => ({ value, label: value })),
      half: true,
    },
    {
      path: "cooldown_seconds",
      label: "Then quiet for",
      kind: "duration",
      first: 300,
      least: 0,
      most: 604_800,
      required: true,
      hint: "About the same agent.",
      half: true,
    },
    { path: "notify_resolved", label: "Tell when it is over, too", kind: "check", first: false },
    { path: "enabled", label: "On", kind: "check", first: true },
  ];
}

export const STATUS_TONE: Record<string, Tone> = { delivered: "good", failed: "bad", pending: "wait", cancelled: "idle", none: "idle" };
export const SEVERITY_TONE: Record<string, Tone> = { critical: "bad", warning: "wait", info: "none" };

/** The address of an alert within this page. */
export function placeOf(alert: Alert): string {
  const at = alert.url.indexOf("#/");
  return at < 0 ? "#/fleet" : alert.url.slice(at);
}
