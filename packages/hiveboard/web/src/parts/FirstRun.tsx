/** What a new collector shows: the lines to paste. The page fills by itself when the first agent speaks. */

import { Main } from "./Main";
import { CopyButton } from "./Text";

interface Recipe {
  title: string;
  install: string;
  code: string;
}

/** Packages whose adapter looks after the whole process: after these lines a program runs as always. */
const ADAPTERS: readonly { title: string; name: string; then: string }[] = [
  { title: "LangChain and LangGraph", name: "langchain", then: "run your chain or graph as always" },
  { title: "CrewAI", name: "crewai", then: "kick off your crew or flow as always" },
  { title: "AutoGen and AG2", name: "autogen", then: "run your team or agent as always" },
  { title: "tenacity", name: "tenacity", then: "call your @retry functions as always" },
];

/** The address agents send to is the one this page came from. */
function recipes(endpoint: string): Recipe[] {
  return [
    ...ADAPTERS.map(({ title, name, then }) => ({
      title,
      install: `pip install hiveloop-${name}`,
      code: [
        "import hiveloop",
        `import hiveloop_${name}`,
        "",
        `hiveloop.init(endpoint="${endpoint}")`,
        `hiveloop_${name}.instrument()`,
        "",
        `# now ${then}`,
      ].join("\n"),
    })),
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
            <div class="recipe-install">
              <pre class="code" tabIndex={0}>
                {recipe.install}
              </pre>
              <CopyButton quiet label={`Copy the install line for ${recipe.title}`} text={() => recipe.install} />
            </div>
            <pre class="code" tabIndex={0}>
              {recipe.code}
            </pre>
          </section>
        ))}
      </div>
    </Main>
  );
}
