/** What a new collector shows: the lines to paste. The page fills by itself when the first agent speaks. */

import { Main } from "./Main";
import { CopyButton } from "./Text";

interface Recipe {
  title: string;
  install: string;
  code: string;
}

/** The address agents send to is the one this page came from. */
function recipes(endpoint: string): Recipe[] {
  return [
    {
      title: "LangChain and LangGraph",
      install: "pip install hiveloop-langchain",
      code: [
        "import hiveloop",
        "import hiveloop_langchain",
        "",
        `hiveloop.init(endpoint="${endpoint}")`,
        "hiveloop_langchain.instrument()",
        "",
        "# now run your chain or graph as always",
      ].join("\n"),
    },
    {
      title: "Plain Python",
      install: "pip install hiveloop-core",
      code: [
        "import hiveloop",
        "",
        `hb = hiveloop.init(endpoint="${endpoint}")`,
        'agent = hb.agent("my-agent")',
        "",
        'with agent.task("first-task") as task:',
        '    with agent.track_context("look something up"):',
        '        task.llm_call("answer", model="gpt-4o-mini",',
        "                      tokens_in=120, tokens_out=40)",
      ].join("\n"),
    },
  ];
}

export function FirstRun() {
  return (
    <Main kind="first-run">
      <div class="first-run-head">
        <h1>No agents yet</h1>
        <p class="dim">Paste a few lines into your program and run it. This page fills by itself with the first heartbeat.</p>
        <p class="first-run-wait" role="status">
          <span class="live-dot live-live" aria-hidden="true" /> Listening on {location.origin}
        </p>
      </div>
      <div class="recipes">
        {recipes(location.origin).map((recipe) => (
          <section key={recipe.title} class="recipe">
            <header>
              <h2>{recipe.title}</h2>
              <CopyButton label={`Copy the lines for ${recipe.title}`} text={() => recipe.code} />
            </header>
            <pre class="code" tabIndex={0}>
              {recipe.install}
            </pre>
            <pre class="code" tabIndex={0}>
              {recipe.code}
            </pre>
          </section>
        ))}
      </div>
    </Main>
  );
}
