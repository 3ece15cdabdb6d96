/** The page as a whole: sign-in, first run, or the frame with the view of the address. */

import { Main } from "./parts/Main";
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { signInNeeded } from "./api/client";
import { FirstRun } from "./parts/FirstRun";
import { Header } from "./parts/Header";
import { KeyList, Palette } from "./parts/Palette";
import { SignIn } from "./parts/SignIn";
import { Failed, Loading } from "./parts/States";
import { go, route, viewHref, VIEWS, type Route } from "./router";
import { allAgents, fleetKnown, fleetResource } from "./state/fleet";
import { useKeys, type KeyMap } from "./state/keys";
import { overlay } from "./state/overlay";
import Activity from "./views/Activity";
import Fleet from "./views/Fleet";
import Pipeline from "./views/Pipeline";
import Run from "./views/Run";
import Tasks from "./views/Tasks";

const PAGES: Record<Exclude<Route["view"], "costs">, ComponentType> = {
  fleet: Fleet,
  tasks: Tasks,
  activity: Activity,
  pipeline: Pipeline,
  run: Run,
};

/** The cost view brings the charting library, which no other page needs. */
function CostsPage() {
  const [Page, setPage] = useState<ComponentType | null>(null);
  useEffect(() => {
    void import("./views/Costs").then((module) => setPage(() => module.default));
  }, []);
  return Page ? (
    <Page />
  ) : (
    <Main kind="page">
      <Loading />
    </Main>
  );
}

function keys(): KeyMap {
  const map: KeyMap = {
    "mod+k": () => {
      overlay.value = "palette";
    },
    "/": () => {
      overlay.value = "palette";
    },
    "?": () => {
      overlay.value = "keys";
    },
  };
  VIEWS.forEach((view, index) => {
    map[String(index + 1)] = () => go(viewHref(view));
  });
  return map;
}

function Content() {
  const error = fleetResource.error.value;
  if (!fleetKnown.value)
    return error ? (
      <Main kind="page">
        <Failed error={error} retry={fleetResource.reload} />
      </Main>
    ) : (
      <Main kind="page">
        <Loading />
      </Main>
    );
  if (allAgents.value.length === 0 && route.value.view !== "run") return <FirstRun />;
  if (route.value.view === "costs") return <CostsPage />;
  const Page = PAGES[route.value.view];
  return <Page key={route.value.view} />;
}

export function App() {
  useKeys(keys());
  if (signInNeeded.value) return <SignIn />;
  const close = () => {
    overlay.value = null;
  };
  return (
    <>
      <Header />
      <Content />
      {overlay.value === "palette" ? <Palette onClose={close} /> : null}
      {overlay.value === "keys" ? <KeyList onClose={close} /> : null}
    </>
  );
}
