/** The top of every page: where you are, what you look at, whether it is live, what needs you. */

import { useEffect, useRef } from "preact/hooks";
import { attention, environments, projectNames } from "../state/fleet";
import { environment, project, route, setQuery, viewHref, VIEWS, type Route, type ViewName } from "../router";
import { liveState, reconnectNow, type LiveState } from "../state/live";
import { nextTheme, theme } from "../state/theme";
import { overlay } from "../state/overlay";
import { Icon } from "./Marks";
import { SignOut } from "./SignOut";

const LIVE: Record<LiveState, { word: string; tone: string; hint: string }> = {
  connecting: { word: "Connecting", tone: "idle", hint: "Opening the live connection" },
  live: { word: "Live", tone: "good", hint: "Events arrive as they happen" },
  reconnecting: { word: "Reconnecting", tone: "wait", hint: "The live connection broke; it is being opened again" },
  lost: { word: "Lost", tone: "bad", hint: "The collector does not answer. Click to try at once" },
};

export const VIEW_WORDS: Record<ViewName, string> = {
  fleet: "Fleet",
  tasks: "Tasks",
  activity: "Activity",
  costs: "Costs",
  pipeline: "Pipeline",
  insights: "Insights",
  compare: "Compare",
  sessions: "Sessions",
  settings: "Settings",
};

const HERE: Partial<Record<Route["view"], string>> = { run: "Run", agent: "Agent", session: "Session" };

function Logo() {
  return (
    <a class="logo" href={viewHref("fleet")} aria-label="HiveBoard, to the fleet">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <path class="logo-cell" d="M16 2l12 7v14l-12 7-12-7V9z" />
        <path class="logo-mark" d="M10 10h3v4.5h6V10h3v12h-3v-4.5h-6V22h-3z" />
      </svg>
      <span>HiveBoard</span>
    </a>
  );
}

interface PickerProps {
  label: string;
  all: string;
  value: string;
  options: readonly string[];
  onPick: (value: string) => void;
}

function Picker({ label, all, value, options, onPick }: PickerProps) {
  const shown = value && !options.includes(value) ? [value, ...options] : options;
  return (
    <select class="picker" aria-label={label} title={label} value={value} onChange={(event) => onPick(event.currentTarget.value)}>
      <option value="">{all}</option>
      {shown.map((option) => (
        <option key={option} value={option}>
          {option.slice(0, 60)}
        </option>
      ))}
    </select>
  );
}

function Live() {
  const look = LIVE[liveState.value];
  return (
    <button type="button" class={`live tone-${look.tone}`} title={look.hint} onClick={reconnectNow} aria-live="polite">
      <span class={`live-dot live-${liveState.value}`} aria-hidden="true" />
      <span>{look.word}</span>
    </button>
  );
}

function Attention() {
  const number = attention.value;
  return (
    <a
      class={`attention${number > 0 ? " tone-bad" : " dim"}`}
      href={viewHref("fleet", number > 0 ? { show: "attention" } : {})}
      title={number > 0 ? "Agents that are stuck, failed or wait for a person" : "Nothing needs you"}
    >
      <Icon name="alert" />
      <span class="num">{number}</span>
      <span class="sr-only"> agents need attention</span>
    </a>
  );
}

export function Header() {
  const nav = useRef<HTMLElement>(null);
  const { view } = route.value;
  // Where the views need more room than there is, the present one is in sight.
  useEffect(() => nav.current?.querySelector("[aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" }), [view]);
  const shortcut = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘K" : "Ctrl K";
  return (
    <header class="top">
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        Skip to the content
      </a>
      <Logo />
      <div class="pickers">
        <Picker
          label="Project"
          all="All projects"
          value={project.value}
          options={projectNames.value}
          onPick={(value) => setQuery({ project: value })}
        />
        <Picker
          label="Environment"
          all="All environments"
          value={environment.value}
          options={environments.value}
          onPick={(value) => setQuery({ environment: value })}
        />
      </div>
      <button
        type="button"
        class="search-button"
        onClick={() => {
          overlay.value = "palette";
        }}
      >
        <Icon name="search" />
        <span>Search or jump</span>
        <kbd aria-hidden="true">{shortcut}</kbd>
      </button>
      <div class="top-end">
        <Live />
        <Attention />
        <button
          type="button"
          class="button quiet"
          onClick={nextTheme}
          aria-label={`Theme: ${theme.value}`}
          title={`Theme: ${theme.value}`}
        >
          <Icon name={theme.value} />
        </button>
        <SignOut />
      </div>
      <nav class="nav" aria-label="Views" ref={nav}>
        {VIEWS.map((view) => (
          <a key={view} href={viewHref(view)} aria-current={route.value.view === view ? "page" : undefined}>
            {VIEW_WORDS[view]}
          </a>
        ))}
        {HERE[route.value.view] ? (
          <span class="nav-here" aria-current="page">
            {HERE[route.value.view]}
          </span>
        ) : null}
      </nav>
    </header>
  );
}
