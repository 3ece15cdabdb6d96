/** Everything that happens, as sentences. */

import { Main } from "../parts/Main";
import { FeedList } from "../parts/FeedList";
import { FEED_FILTERS, type FeedFilter } from "../model/feed";
import { environment, project, route, setQuery } from "../router";
import { allAgents } from "../state/fleet";
import { Select } from "../parts/Fields";

export function feedFilter(): FeedFilter {
  return FEED_FILTERS.find((name) => name === route.value.query["feed"]) ?? "all";
}

export default function Activity() {
  const agent = route.value.query["agent"] ?? "";
  const names = allAgents.value.map((item) => item.agent_id).sort();
  return (
    <Main kind="page page-activity">
      <div class="toolbar">
        <h1>Activity</h1>
        <Select label="Agent" all="All agents" value={agent} options={names} onPick={(value) => setQuery({ agent: value })} />
      </div>
      <FeedList
        scope={{ filter: feedFilter(), project: project.value, environment: environment.value, agent }}
        onFilter={(filter) => setQuery({ feed: filter === "all" ? "" : filter })}
      />
    </Main>
  );
}
