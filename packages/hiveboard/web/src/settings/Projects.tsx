/** Projects: what they are called, what they are for, and which are no longer shown. */

import { useState } from "preact/hooks";
import { readAll, save, type ProjectRow } from "../api/settings";
import { count } from "../format";
import { collect, fill, type Field } from "../model/form";
import { Age } from "../parts/Text";
import { viewHref } from "../router";
import { FormDialog } from "./Form";
import { Act, attempt, Loaded, mayChange, Panel, Rows, Saying, useList, type Row, type Said } from "./Panel";

const CHANGED: readonly Field[] = [
  { path: "name", label: "Name", kind: "text", required: true, example: "Sales, EMEA" },
  { path: "description", label: "Description", kind: "long" },
];
const MADE: readonly Field[] = [
  ...CHANGED,
  {
    path: "slug",
    label: "Id",
    kind: "text",
    example: "made from the name",
    hint: "What agents send as their project: lower-case letters, digits and . _ -. It stays as it is.",
  },
];

function ProjectForm({ item, onClose, done }: { item: ProjectRow | null; onClose: () => void; done: (saved: ProjectRow) => void }) {
  const fields = item ? CHANGED : MADE;
  return (
    <FormDialog
      title={item ? "Change the project" : "New project"}
      verb={item ? "Save" : "Make the project"}
      fields={() => fields}
      start={fill(fields, item)}
      onClose={onClose}
      send={async (values) => {
        const body = { ...(item ? { description: "" } : {}), ...collect(fields, values) };
        done(await save<ProjectRow>("projects", item?.project_id ?? null, body));
      }}
    />
  );
}

function rowOf(item: ProjectRow, edit: () => void, archive: () => Promise<void>): Row {
  return {
    key: item.slug,
    dim: item.is_archived,
    cells: [
      <span class="wrap">
        <strong>
          <a href={viewHref("fleet", { project: item.slug })}>
            <bdi>{item.name}</bdi>
          </a>
        </strong>
        {item.is_archived ? <span class="badge">archived</span> : null}
        {item.name === item.slug ? null : <bdi class="settings-line id dim">{item.slug}</bdi>}
      </span>,
      item.description ? (
        <span class="wrap">
          <bdi>{item.description}</bdi>
        </span>
      ) : (
        <span class="dim">–</span>
      ),
      <span class="num">{count(item.agent_count)}</span>,
      <span class="num">{count(item.event_count)}</span>,
      <Age at={item.last_seen} />,
      mayChange() ? (
        <span class="acts">
          <Act label="Edit" about={item.name} work={edit} />
          <Act label={item.is_archived ? "Bring back" : "Archive"} kind="quiet" about={item.name} work={archive} />
        </span>
      ) : null,
    ],
  };
}

export function Projects() {
  const list = useList<ProjectRow[]>("projects", (abort) => readAll<ProjectRow>("projects", { include_archived: true }, abort));
  const [open, setOpen] = useState<{ item: ProjectRow | null } | null>(null);
  const [said, setSaid] = useState<Said | null>(null);
  const archive = (item: ProjectRow) =>
    attempt(setSaid, async () => {
      await save("projects", item.project_id, { archived: !item.is_archived });
      list.reload();
      return item.is_archived ? `“${item.name}” is back.` : `“${item.name}” is archived: it is offered nowhere, its events stay.`;
    });
  return (
    <Loaded from={list}>
      {(projects) => (
        <Panel
          title="Projects"
          count={projects.length}
          hint="Agents make a project by naming it. Here it gets a name for people and a description, and is put away when it is over."
          action={
            mayChange() ? (
              <button type="button" class="button" onClick={() => setOpen({ item: null })}>
                New project
              </button>
            ) : null
          }
        >
          {projects.length === 0 ? (
            <p class="settings-empty">
              <strong>No project yet.</strong> It appears with the first task that names one: <code>agent.task("t-1", project="sales")</code>.
            </p>
          ) : (
            <Rows
              label="Projects"
              heads={["Project", "Description", "Agents", "Events", "Last event", ""]}
              rows={[...projects].sort((a, b) => Number(a.is_archived) - Number(b.is_archived)).map((item) => rowOf(item, () => setOpen({ item }), () => archive(item)))}
            />
          )}
          <Saying said={said} />
          {open ? (
            <ProjectForm
              item={open.item}
              onClose={() => setOpen(null)}
              done={(saved) => {
                setOpen(null);
                setSaid({ text: `“${saved.name}” is saved.` });
                list.reload();
              }}
            />
          ) : null}
        </Panel>
      )}
    </Loaded>
  );
}
