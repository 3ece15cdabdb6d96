/** Everything that happens: told as sentences, or event by event. */

import { Main } from "../parts/Main";
import { FeedList } from "../parts/FeedList";
import { FEED_FILTERS, FEED_FORMS, type FeedFilter, type FeedForm } from "../model/feed";
import { environment, project, route, setQuery } from "../router";
import { allAgents } from "../state/fleet";
import { Select } from "../parts/Fields";

const WORDS: Record<FeedForm, { label: string; hint: string }> = {
  narrative: { label: "Narrative", hint: "One sentence for what happened, repeats counted" },
  feed: { label: "Feed", hint: "Every event with its type and task" },
};

export function feedFilter(): FeedFilter {
  return FEED_FILTERS.find((name) => name === route.value.query["feed"]) ?? "all";
}

function FormPicker({ form }: { form: FeedForm }) {
  return (
    <div class="segments" role="group" aria-label="Form">
      {FEED_FORMS.map((name) => (
        <button
          key={name}
          type="button"
          class="segment"
          title={WORDS[name].hint}
          aria-pressed={form === name}
          onClick={() => setQuery({ form: name === "narrative" ? "" : name })}
        >
          {WORDS[name].label}
        </button>
      ))}
    </div>
  );
}

export default function Activity() {
  const { query } = route.value;
  const agent = query["agent"] ?? "";
  const form = FEED_FORMS.find((name) => name === query["form"]) ?? "narrative";
  const names = allAgents.value.map((item) => item.agent_id).sort();
  return (
    <Main kind="page page-activity">
      <div class="toolbar">
        <h1>Activity</h1>
        <FormPicker form={form} />
        <Select label="Agent" all="All agents" value={agent} options={names} onPick={(value) => setQuery({ agent: value })} />
      </div>
      <FeedList
        form={form}
        scope={{ filter: feedFilter(), project: project.value, environment: environment.value, agent }}
        onFilter={(filter) => setQuery({ feed: filter === "all" ? "" : filter })}
      />
    </Main>
  );
}
