/** Alerts: rules that say what to watch, channels that say where to tell it, and what was told. */

import { useEffect, useState } from "preact/hooks";
import { readAll, type Alert, type Channel, type Rule } from "../api/settings";
import { route } from "../router";
import { Channels } from "./Channels";
import { History } from "./History";
import { Rules } from "./Rules";
import { Loaded, useList } from "./Panel";
import { get } from "../api/client";
import type { Page } from "../api/types";

/** Alerts come by themselves, so they are looked for more often than other settings. */
const LOOK_MS = 5000;
const MOST_SHOWN = 200;

interface Setup {
  rules: Rule[];
  channels: Channel[];
}

async function readSetup(abort: AbortSignal): Promise<Setup> {
  const [rules, channels] = await Promise.all([
    readAll<Rule>("alerts/rules", {}, abort),
    readAll<Channel>("alerts/channels", {}, abort),
  ]);
  return { rules, channels };
}

export function Alerts() {
  const ruleId = route.value.query["rule"] ?? "";
  const status = route.value.query["status"] ?? "";
  const [limit, setLimit] = useState(25);
  const setup = useList<Setup>("alert setup", readSetup);
  const history = useList<Page<Alert>>(`alert history ${ruleId} ${status} ${limit}`, (abort) =>
    get<Page<Alert>>("alerts/history", { limit, rule_id: ruleId, status }, abort),
  );
  useEffect(() => {
    const timer = setInterval(() => {
      setup.reload();
      history.reload();
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [setup, history]);
  const changed = () => {
    setup.reload();
    history.reload();
  };
  return (
    <Loaded from={setup}>
      {({ rules, channels }) => (
        <>
          <Rules rules={rules} channels={channels} changed={changed} />
          <Channels channels={channels} changed={changed} />
          <History from={history} rules={rules} more={limit < MOST_SHOWN ? () => setLimit(MOST_SHOWN) : null} />
        </>
      )}
    </Loaded>
  );
}
