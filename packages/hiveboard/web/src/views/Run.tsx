/** The page of one run. */

import { route, setQuery } from "../router";
import { Main } from "../parts/Main";
import { RunPanel, selectedNode } from "../parts/RunPanel";
import { useKeys } from "../state/keys";

export default function Run() {
  const { taskId, runId } = route.value;
  useKeys({
    Escape: () => setQuery({ node: "" }),
    j: (event) => handToTree(event),
    k: (event) => handToTree(event),
  });
  if (taskId === null) return null;
  return (
    <Main kind="page page-run">
      <RunPanel
        key={`${taskId}\n${runId ?? ""}`}
        taskId={taskId}
        runId={runId}
        selected={selectedNode()}
        onSelect={(key) => setQuery({ node: key ?? "" }, true)}
      />
    </Main>
  );
}

/** j and k anywhere on the page move in the tree, which then has the focus. */
function handToTree(event: KeyboardEvent): void {
  const tree = document.querySelector<HTMLElement>(".wf-body");
  if (!tree || tree.contains(event.target as Node)) return;
  tree.focus();
  tree.dispatchEvent(new KeyboardEvent("keydown", { key: event.key, bubbles: false, cancelable: true }));
}
