/** The page as a whole: sign-in, first run, or the frame with the view of the address. */

import { Main } from "./parts/Main";
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, signInNeeded } from "./api/client";
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

type View = Route["view"];
type LaterView = keyof (typeof import("./views/later"))["LATER"];

/** What most people open first comes with the page; the rest comes when it is asked for. */
const PAGES: Record<Exclude<View, LaterView>, ComponentType> = {
  fleet: Fleet,
  tasks: Tasks,
  activity: Activity,
  pipeline: Pipeline,
  run: Run,
};

function comesWithThePage(view: View): view is keyof typeof PAGES {
  return Object.hasOwn(PAGES, view);
}

const UNREACHABLE = "This part of the page could not be loaded. Is “hiveboard serve” still running?";

/** A view that brings code no other page needs. */
function Later({ view }: { view: LaterView }) {
  const [Page, setPage] = useState<ComponentType | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    import("./views/later").then(
      ({ LATER }) => setPage(() => LATER[view]),
      () => setError(new ApiError(0, "unreachable", UNREACHABLE)),
    );
  }, []);
  if (Page) return <Page />;
  return <Main kind="page">{error ? <Failed error={error} retry={() => location.reload()} /> : <Loading />}</Main>;
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
    w: () => go(viewHref("wall")),
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
  const { view } = route.value;
  if (allAgents.value.length === 0 && view !== "run" && view !== "settings") return <FirstRun />;
  if (!comesWithThePage(view)) return <Later key={view} view={view} />;
  const Page = PAGES[view];
  return <Page key={view} />;
}

export function App() {
  useKeys(keys());
  if (signInNeeded.value) return <SignIn />;
  const close = () => {
    overlay.value = null;
  };
  return (
    <>
      {route.value.view === "wall" && allAgents.value.length > 0 ? null : <Header />}
      <Content />
      {overlay.value === "palette" ? <Palette onClose={close} /> : null}
      {overlay.value === "keys" ? <KeyList onClose={close} /> : null}
    </>
  );
}
