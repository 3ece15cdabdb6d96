/** Everything people set up, one part at a time: who is told, who may come in, what is coloured, what things cost. */

import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { access, loadSession } from "../api/session";
import { Main } from "../parts/Main";
import { route, settingsHref } from "../router";
import { Alerts } from "../settings/Alerts";
import { General } from "../settings/General";
import { Keys } from "../settings/Keys";
import { WhyNot } from "../settings/Panel";
import { Policies } from "../settings/Policies";
import { Pricing } from "../settings/Pricing";
import { Projects } from "../settings/Projects";

const PARTS: readonly { id: string; label: string; Page: ComponentType }[] = [
  { id: "alerts", label: "Alerts", Page: Alerts },
  { id: "keys", label: "Keys", Page: Keys },
  { id: "thresholds", label: "Thresholds and retention", Page: General },
  { id: "pricing", label: "Pricing", Page: Pricing },
  { id: "policies", label: "Policies", Page: Policies },
  { id: "projects", label: "Projects", Page: Projects },
];

export default function Settings() {
  const chosen = PARTS.find((part) => part.id === route.value.id) ?? PARTS[0];
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    // The collector may not have answered when the page began.
    if (access.value === null) void loadSession();
  }, []);
  useEffect(() => nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }), [chosen]);
  if (!chosen) return null;
  const { Page } = chosen;
  return (
    <Main kind="page page-scroll page-settings">
      <div class="toolbar">
        <h1>Settings</h1>
      </div>
      <div class="settings">
        <nav class="settings-nav" ref={nav} aria-label="Parts of the settings">
          {PARTS.map((part) => (
            <a key={part.id} href={settingsHref(part.id)} aria-current={part === chosen ? "page" : undefined}>
              {part.label}
            </a>
          ))}
        </nav>
        <div class="settings-part" key={chosen.id}>
          <WhyNot />
          <Page />
        </div>
      </div>
    </Main>
  );
}
