/** Starts the page. */

import { render } from "preact";
import { serverNow } from "./api/client";
import { loadSession } from "./api/session";
import { App } from "./app";
import { startRouter } from "./router";
import { startClock } from "./state/clock";
import { startFleet } from "./state/fleet";
import { startKeys } from "./state/keys";
import { runLive, watchNetwork } from "./state/live";
import { startPreferences } from "./state/preferences";
import { applyTheme } from "./state/theme";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/frame.css";
import "./styles/panes.css";
import "./styles/cards.css";
import "./styles/feed.css";
import "./styles/overlays.css";
import "./styles/run.css";
import "./styles/waterfall.css";
import "./styles/detail.css";
import "./styles/task-table.css";
import "./styles/tables.css";
import "./styles/forms.css";
import "./styles/settings.css";
import "./styles/insights.css";
import "./styles/marking.css";
import "./styles/compare.css";
import "./styles/sessions.css";
import "./styles/agent.css";
import "./styles/wall.css";

applyTheme();
startRouter();
startKeys();
startClock();
startFleet(serverNow);
startPreferences();
watchNetwork();
void loadSession();
void runLive();

const host = document.getElementById("app");
if (host) render(<App />, host);
