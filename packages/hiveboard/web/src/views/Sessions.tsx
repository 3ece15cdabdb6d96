/** Conversations: the runs that name the same session, summed. */

import { useEffect, useMemo } from "preact/hooks";
import { get, serverNow } from "../api/client";
import type { Session } from "../api/sessions";
import type { Page } from "../api/types";
import { count, oneLine, tokenPair } from "../format";
import { RANGES } from "../model/range";
import { few } from "../model/session";
import { Select, TextFilter } from "../parts/Fields";
import { Main } from "../parts/Main";
import { StatusMark } from "../parts/Marks";
import { Failed, Loading, Nothing, Outdated, Searching } from "../parts/States";
import { Age, Id, Money } from "../parts/Text";
import { detailHref, environment, project, route, setQuery } from "../router";
import { allAgents } from "../state/fleet";
import { PagedList } from "../state/pages";
import { useKept } from "../state/resource";

const LENGTH_MS: Record<string, number> = { "1h": 36e5, "6h": 216e5, "24h": 864e5, "7d": 6048e5, "30d": 2592e6 };

interface Scope {
  project_id: string;
  environment: string;
  agent_id: string;
  user_id: string;
  q: string;
  range: string;
}

function listOf({ range, ...scope }: Scope): PagedList<Session> {
  const length = LENGTH_MS[range];
  return new PagedList<Session>({
    read: (cursor, limit, abort) => {
      const since = length === undefined ? null : new Date(serverNow() - length).toISOString();
      return get<Page<Session>>("sessions", { ...scope, since, limit, cursor }, abort);
    },
    keyOf: (session) => session.session_id,
    touches: (pulse) => pulse.kind === "resync" || (pulse.kind === "event" && pulse.event.event_type.startsWith("task_")),
  });
}

function useSessions(scope: Scope): PagedList<Session> {
  const list = useMemo(() => listOf(scope), [JSON.stringify(scope)]);
  useEffect(() => {
    list.start();
    return () => list.stop();
  }, [list]);
  return list;
}

function Toolbar({ shown }: { shown: string }) {
  const { query } = route.value;
  return (
    <div class="toolbar">
      <h1>Sessions</h1>
      <TextFilter label="Filter by session or user" value={query["q"] ?? ""} onText={(text) => setQuery({ q: text }, true)} />
      <Select
        label="Agent"
        all="All agents"
        value={query["agent"] ?? ""}
        options={allAgents.value.map((agent) => agent.agent_id).sort()}
        onPick={(value) => setQuery({ agent: value })}
      />
      <Select
        label="Active in"
        all="Any time"
        value={query["range"] ?? ""}
        options={RANGES}
        onPick={(value) => setQuery({ range: value })}
      />
      {query["user"] ? (
        <button type="button" class="button" onClick={() => setQuery({ user: "" })} aria-label="Show every user again">
          User <Id value={query["user"]} /> ✕
        </button>
      ) : null}
      <span class="dim num toolbar-end">{shown}</span>
    </div>
  );
}

/** How its runs went, in one cell. */
function Runs({ session }: { session: Session }) {
  return (
    <span class="session-runs num">
      {count(session.run_count)}
      {session.open_runs > 0 ? <span class="tone-busy">{count(session.open_runs)} open</span> : null}
      {session.runs_failed > 0 ? <span class="tone-bad">{count(session.runs_failed)} failed</span> : null}
    </span>
  );
}

function Row({ session }: { session: Session }) {
  return (
    <tr data-session={oneLine(session.session_id, 80)}>
      <th scope="row" data-head="Session">
        <a href={detailHref("session", session.session_id)} data-nav="">
          <Id value={session.session_id} />
        </a>
      </th>
      <td data-head="Status">
        <StatusMark status={session.derived_status} />
      </td>
      <td data-head="User">
        {session.users.length === 0 ? (
          <span class="dim">–</span>
        ) : (
          <bdi class="wrap" title={few(session.users, 20)}>
            {few(session.users)}
          </bdi>
        )}
      </td>
      <td data-head="Runs" class="r">
        <Runs session={session} />
      </td>
      <td data-head="Agents">
        <bdi class="wrap" title={few(session.agents, 20)}>
          {few(session.agents)}
        </bdi>
      </td>
      <td data-head="Tokens" class="r num" title="In → out">
        {tokenPair(session.total_tokens_in, session.total_tokens_out)}
      </td>
      <td data-head="Cost" class="r num">
        <Money
          usd={session.total_cost}
          estimated={session.estimated_cost}
          why={session.llm_call_count === 0 ? "No LLM calls" : undefined}
        />
      </td>
      <td data-head="Active" class="r">
        <Age at={session.last_event_at} />
      </td>
    </tr>
  );
}

const HEADS: readonly [string, boolean][] = [
  ["Session", false],
  ["Status", false],
  ["User", false],
  ["Runs", true],
  ["Agents", false],
  ["Tokens", true],
  ["Cost", true],
  ["Active", true],
];

function Table({ rows }: { rows: readonly Session[] }) {
  return (
    <section class="panel">
      <table class="table stack sessions">
        <thead>
          <tr>
            {HEADS.map(([head, numeric]) => (
              <th key={head} scope="col" class={numeric ? "r" : undefined}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((session) => (
            <Row key={session.session_id} session={session} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Empty({ filtered }: { filtered: boolean }) {
  if (filtered)
    return (
      <Nothing title="No session fits this filter">
        <button
          type="button"
          class="button"
          onClick={() => setQuery({ q: "", agent: "", user: "", range: "", project: "", environment: "" })}
        >
          Clear the filter
        </button>
      </Nothing>
    );
  return (
    <Nothing title="No sessions yet">
      <p class="dim">Runs that name the same session stand together here. Name it where a task begins:</p>
      <pre class="code">{'with agent.task("ticket-1042", session_id="chat-77", user_id="mara"):'}</pre>
    </Nothing>
  );
}

export default function Sessions() {
  const { query } = route.value;
  const scope = {
    project_id: project.value,
    environment: environment.value,
    agent_id: query["agent"] ?? "",
    user_id: query["user"] ?? "",
    q: query["q"] ?? "",
    range: query["range"] ?? "",
  };
  const list = useSessions(scope);
  const error = list.error.value;
  const rows = useKept(list.rows.value, error);
  const known = list.rows.value;
  const shown = known ? `${count(known.length)}${list.more.value ? "+" : ""} ${known.length === 1 ? "session" : "sessions"}` : "";
  return (
    <Main kind="page page-scroll">
      <Toolbar shown={shown} />
      {error && rows ? <Outdated error={error} retry={list.reload} /> : null}
      {!rows ? (
        error ? (
          <Failed error={error} retry={list.reload} />
        ) : (
          <Loading />
        )
      ) : rows.length === 0 && list.more.value ? (
        <Searching />
      ) : rows.length === 0 ? (
        <Empty filtered={Object.values(scope).some((value) => value !== "")} />
      ) : (
        <>
          <Table rows={rows} />
          {list.more.value ? (
            <button type="button" class="button more" onClick={() => void list.older()}>
              Show more
            </button>
          ) : null}
        </>
      )}
    </Main>
  );
}
