/** The task list of a scope. */

import { useEffect, useMemo } from "preact/hooks";
import { get } from "../api/client";
import type { Page, TaskRow } from "../api/types";
import { rowKey, type TaskSort } from "../model/task";
import { PagedList } from "./pages";

export interface TaskScope {
  project: string;
  environment: string;
  agent: string;
  type: string;
  status: string;
  q: string;
  sort: TaskSort;
}

export type TaskList = PagedList<TaskRow>;

function listOf({ project, environment, agent, type, status, q, sort }: TaskScope): TaskList {
  const scope = { project_id: project, environment, agent_id: agent, task_type: type, status, q, sort };
  return new PagedList<TaskRow>({
    read: (cursor, limit, abort) => get<Page<TaskRow>>("tasks", { ...scope, limit, cursor }, abort),
    keyOf: rowKey,
    touches: (pulse) => pulse.kind !== "event" || (pulse.event.task_id !== null && pulse.event.task_id !== undefined),
  });
}

/** The list for a scope, for as long as the component lives. */
export function useTasks(scope: TaskScope): TaskList {
  const list = useMemo(() => listOf(scope), [JSON.stringify(scope)]);
  useEffect(() => {
    list.start();
    return () => list.stop();
  }, [list]);
  return list;
}
