/** What was told: the newest first, each with its deliveries and every try. */

import { useState } from "preact/hooks";
import type { Alert, Rule } from "../api/settings";
import type { Page } from "../api/types";
import { placeOf, SEVERITY_TONE, STATUS_TONE } from "../model/alert";
import { Select } from "../parts/Fields";
import { Age } from "../parts/Text";
import { route, setQuery } from "../router";
import type { Resource } from "../state/resource";
import { Deliveries } from "./Deliveries";
import { Loaded, Panel, Rows, type Row } from "./Panel";

const STATUSES = ["delivered", "pending", "failed", "cancelled", "none"].map((value) => ({
  value,
  label: { none: "told nobody", failed: "not delivered", pending: "not yet delivered" }[value] ?? value,
}));
const STATES: Record<string, string> = { firing: "fired", resolved: "over", test: "test" };

function rowOf(alert: Alert, isOpen: boolean, flip: () => void): Row {
  return {
    key: alert.alert_id,
    cells: [
      <Age at={alert.fired_at} />,
      <span class={`badge tone-${alert.state === "firing" ? (SEVERITY_TONE[alert.severity] ?? "none") : "none"}`}>
        {STATES[alert.state] ?? alert.state}
      </span>,
      <span class="wrap">
        <a href={placeOf(alert)}>
          <bdi>{alert.title}</bdi>
        </a>
        <span class="settings-line dim">
          <bdi>{alert.text}</bdi>
          {alert.more > 0 ? ` And ${alert.more} more.` : ""}
        </span>
      </span>,
      <button type="button" class={`disclose tone-${STATUS_TONE[alert.status] ?? "none"}`} aria-expanded={isOpen} onClick={flip}>
        {STATUSES.find((item) => item.value === alert.status)?.label ?? alert.status}
      </button>,
    ],
    below: isOpen ? <Deliveries alert={alert} /> : null,
  };
}

export function History({ from, rules, more }: { from: Resource<Page<Alert>>; rules: readonly Rule[]; more: (() => void) | null }) {
  const [open, setOpen] = useState("");
  const { query } = route.value;
  const filtered = Boolean(query["rule"] || query["status"]);
  return (
    <Panel
      title="History"
      action={
        <>
          <Select
            label="Rule"
            all="All rules"
            value={query["rule"] ?? ""}
            options={rules.map((rule) => ({ value: rule.rule_id, label: rule.name }))}
            onPick={(rule) => setQuery({ rule })}
          />
          <Select label="Delivery" all="All deliveries" value={query["status"] ?? ""} options={STATUSES} onPick={(status) => setQuery({ status })} />
        </>
      }
    >
      <Loaded from={from}>
        {(page) =>
          page.data.length === 0 ? (
            <p class="settings-empty dim">
              {filtered ? "No alert fits. Choose other filters." : "Nothing was told yet. Alerts and tests appear here with every try to deliver them."}
            </p>
          ) : (
            <>
              <Rows
                label="History"
                heads={["When", "What", "Alert", "Delivery"]}
                rows={page.data.map((alert) => rowOf(alert, open === alert.alert_id, () => setOpen(open === alert.alert_id ? "" : alert.alert_id)))}
              />
              {page.pagination.has_more && more ? (
                <button type="button" class="button settings-more" onClick={more}>
                  Show older
                </button>
              ) : null}
            </>
          )
        }
      </Loaded>
    </Panel>
  );
}
