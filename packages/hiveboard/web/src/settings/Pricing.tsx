/** What models cost: the price in effect for each, and prices of one's own. */

import { useEffect, useState } from "preact/hooks";
import { ApiError, get, request } from "../api/client";
import { readAll, remove, type Price } from "../api/settings";
import { count, money, oneLine } from "../format";
import { collect, fill, type Field, type Values } from "../model/form";
import { TextFilter } from "../parts/Fields";
import { encode } from "../router";
import { FormDialog } from "./Form";
import { Act, Confirm, Loaded, mayChange, Panel, Rows, Saying, useList, type Row, type Said } from "./Panel";

const price = (path: string, label: string, required: boolean): Field => ({
  path,
  label,
  kind: "number",
  unit: "$",
  least: 0,
  most: 1_000_000,
  required,
  half: true,
  ...(required ? {} : { example: "as other tokens" }),
});

const PRICES: readonly Field[] = [
  price("input_per_m", "Input", true),
  price("output_per_m", "Output", true),
  price("cache_read_per_m", "Input read from a cache", false),
  price("cache_write_per_m", "Input written to a cache", false),
];
const MODEL: Field = { path: "model", label: "Model", kind: "text", required: true, example: "As agents name it" };

/** `.` and `..` cannot be asked for: every client takes them for steps in the address. */
function addressOf(model: string): string {
  if (model === "." || model === "..") throw new ApiError(400, "bad_name", "A model cannot be called so.", "model", "A model cannot be called so");
  return `pricing/${encode(model)}`;
}

function sourceOf(item: Price): { word: string; hint: string; tone: string } {
  if (item.source === "own")
    return { word: item.set_by === "file" ? "price file" : "own", hint: item.set_by === "file" ? "Set in the price file of the collector" : "Set here", tone: "none" };
  if (item.source === "library") return { word: "library", hint: `From the price library, entry ${item.matched ?? ""}`, tone: "none" };
  return { word: "no price", hint: "Calls that do not tell their cost have none", tone: "wait" };
}

const perMillion = (value: number | null) => (value === null ? <span class="dim">–</span> : <span class="num">{money(value)}</span>);

/** What the model would cost without a price of one's own, or costs now. */
function Now({ model }: { model: string }) {
  const [found, setFound] = useState<Price | null>(null);
  const name = model.trim();
  useEffect(() => {
    setFound(null);
    if (name === "" || name === "." || name === ".." || name.length > 256) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      get<Price>(addressOf(name), {}, abort.signal).then(setFound, () => setFound(null));
    }, 250);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [name]);
  return (
    <p class="settings-line dim" role="status">
      {found === null
        ? "US dollars per million tokens."
        : found.source === "unknown"
          ? `US dollars per million tokens. “${oneLine(name, 60)}” has no known price now.`
          : `Now ${money(found.input_per_m)} in, ${money(found.output_per_m)} out per million tokens (${sourceOf(found).word}).`}
    </p>
  );
}

function PriceForm({ item, onClose, done }: { item: Price | null; onClose: () => void; done: (saved: Price) => void }) {
  const fields = item ? PRICES : [MODEL, ...PRICES];
  return (
    <FormDialog
      title={item ? `Price of ${oneLine(item.model, 80)}` : "Set a price"}
      verb="Save the price"
      fields={() => fields}
      start={fill(fields, item?.source === "unknown" ? {} : item)}
      onClose={onClose}
      send={async (values) => {
        const model = item?.model ?? String(values["model"] ?? "").trim();
        done(await request<Price>("PUT", addressOf(model), { body: collect(PRICES, values) }));
      }}
    >
      {(values: Values) => <Now model={item?.model ?? String(values["model"] ?? "")} />}
    </FormDialog>
  );
}

function rowOf(item: Price, edit: () => void, drop: () => void): Row {
  const source = sourceOf(item);
  const isOwn = item.source === "own" && item.set_by === "api";
  return {
    key: item.model,
    cells: [
      <bdi class="id wrap-id">{item.model}</bdi>,
      perMillion(item.input_per_m),
      perMillion(item.output_per_m),
      perMillion(item.cache_read_per_m),
      perMillion(item.cache_write_per_m),
      <span>
        <span class={`badge tone-${source.tone}`} title={source.hint}>
          {source.word}
        </span>
        {item.is_tiered ? <span class="badge" title="Long prompts cost more">tiered</span> : null}
      </span>,
      <span class="num">{item.calls_30d === 0 ? <span class="dim">–</span> : count(item.calls_30d)}</span>,
      mayChange() ? (
        <span class="acts">
          <Act label={isOwn ? "Edit" : "Set price"} about={item.model} work={edit} />
          {isOwn ? <Act label="Remove" kind="quiet" about={item.model} work={drop} /> : null}
        </span>
      ) : null,
    ],
  };
}

/** Without a price first, then one's own, then the most called. */
function byNeed(a: Price, b: Price): number {
  const rank = (item: Price) => ["unknown", "own"].indexOf(item.source) >>> 0;
  return rank(a) - rank(b) || b.calls_30d - a.calls_30d || (a.model < b.model ? -1 : 1);
}

export function Pricing() {
  const list = useList<Price[]>("pricing", (abort) => readAll<Price>("pricing", {}, abort));
  const [filter, setFilter] = useState("");
  const [open, setOpen] = useState<{ item: Price | null } | null>(null);
  const [doomed, setDoomed] = useState<Price | null>(null);
  const [said, setSaid] = useState<Said | null>(null);
  return (
    <Loaded from={list}>
      {(prices) => {
        const shown = prices.filter((item) => item.model.toLowerCase().includes(filter.toLowerCase())).sort(byNeed);
        const missing = prices.filter((item) => item.source === "unknown").length;
        return (
          <Panel
            title="Prices"
            count={prices.length}
            hint="In US dollars per million tokens, for every model that was called in the last 30 days or has a price of your own. A price set here goes before the library, for calls received from then on."
            action={
              mayChange() ? (
                <button type="button" class="button" onClick={() => setOpen({ item: null })}>
                  Set a price
                </button>
              ) : null
            }
          >
            {missing > 0 ? (
              <p class="settings-note tone-wait">
                {missing === 1 ? "One model has" : `${count(missing)} models have`} no known price. What such calls cost is in no sum unless agents
                tell it.
              </p>
            ) : null}
            {prices.length === 0 ? (
              <p class="settings-empty">
                <strong>No model was called yet.</strong> Prices of common models are built in. Set your own for models you run yourself or
                have a contract for.
              </p>
            ) : (
              <>
                {prices.length > 10 ? (
                  <div class="settings-filter">
                    <TextFilter label="Filter models" value={filter} onText={setFilter} />
                  </div>
                ) : null}
                <Rows
                  label="Prices"
                  heads={["Model", "Input", "Output", "Cache read", "Cache write", "From", "Calls, 30 d", ""]}
                  rows={shown.map((item) => rowOf(item, () => setOpen({ item }), () => setDoomed(item)))}
                />
              </>
            )}
            <Saying said={said} />
            {open ? (
              <PriceForm
                item={open.item}
                onClose={() => setOpen(null)}
                done={(saved) => {
                  setOpen(null);
                  setSaid({ text: `${oneLine(saved.model, 80)} costs ${money(saved.input_per_m)} in and ${money(saved.output_per_m)} out from now on.` });
                  list.reload();
                }}
              />
            ) : null}
            {doomed ? (
              <Confirm
                title={`Remove the price of ${oneLine(doomed.model, 80)}?`}
                verb="Remove the price"
                onClose={() => setDoomed(null)}
                work={async () => {
                  const { effective } = (await remove("pricing", doomed.model)) as { effective: Price };
                  const now = effective.source === "unknown" ? "has no known price now" : `costs ${money(effective.input_per_m)} in and ${money(effective.output_per_m)} out now (${sourceOf(effective).word})`;
                  setSaid({ text: `${oneLine(doomed.model, 80)} ${now}.` });
                  list.reload();
                }}
              >
                Calls that come later cost what the price file or the library says. What was estimated before stays.
              </Confirm>
            ) : null}
          </Panel>
        );
      }}
    </Loaded>
  );
}
