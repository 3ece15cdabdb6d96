/** Numbers as people read them: money, durations, counts and ages; the unknown is a dash, never a zero. */

export const UNKNOWN = "–";

function known(value: number | null | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** Three figures that count, without zeros after the decimal point: within half a percent of the value. */
function scaled(value: number): string {
  const size = Math.abs(value);
  const digits = size > 0 ? Math.min(12, Math.max(0, 2 - Math.floor(Math.log10(size)))) : 0;
  const text = value.toFixed(digits);
  // Only behind a point is a zero without meaning: 120 stays 120.
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function compact(value: number): string | null {
  const size = Math.abs(value);
  for (const [limit, unit] of [
    [1e12, "T"],
    [1e9, "B"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    // 999_950 rounds up to the next unit rather than to "1000k".
    if (size >= limit * 0.9995) return scaled(value / limit) + unit;
  }
  return null;
}

/** US dollars with as many digits as it takes to be non-zero. */
export function money(usd: number | null | undefined): string {
  if (!known(usd)) return UNKNOWN;
  if (usd === 0) return "$0";
  const sign = usd < 0 ? "-" : "";
  const size = Math.abs(usd);
  if (size >= 999.5) return `${sign}$${compact(size) ?? size.toFixed(0)}`;
  if (size >= 0.995) return `${sign}$${size.toFixed(2)}`;
  if (size < 1e-9) return `${sign}<$0.000000001`;
  const digits = Math.min(12, 2 - Math.floor(Math.log10(size)));
  return `${sign}$${size.toFixed(digits).replace(/(\.\d\d\d*?)0+$/, "$1")}`;
}

/** Milliseconds as `840 ms`, `12.4 s`, `3 m 05 s`, `2 h 04 m`, `3 d 02 h`. */
export function duration(ms: number | null | undefined): string {
  if (!known(ms)) return UNKNOWN;
  const value = Math.max(0, ms);
  if (value < 999.5) return `${Math.round(value)} ms`;
  if (value < 59_950) return `${(value / 1000).toFixed(1)} s`;
  const seconds = Math.round(value / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)} d ${pad(hours % 24)} h`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

/** A count, exact below one thousand, then `1.2k`, `12.4k`, `120k`. */
export function count(value: number | null | undefined): string {
  if (!known(value)) return UNKNOWN;
  return compact(value) ?? scaled(value);
}

/** Tokens of a call or a run, in → out; one zero when there were none, one dash when neither is known. */
export function tokenPair(tokensIn: number | null | undefined, tokensOut: number | null | undefined): string {
  if (tokensIn === 0 && tokensOut === 0) return "0";
  return known(tokensIn) || known(tokensOut) ? `${count(tokensIn)} → ${count(tokensOut)}` : UNKNOWN;
}

/** A fraction as a percentage; never rounded up to 100 or down to 0 when it is not. */
export function percent(fraction: number | null | undefined): string {
  if (!known(fraction)) return UNKNOWN;
  const value = fraction * 100;
  if (value > 99 && value < 100) return `${(Math.floor(value * 10) / 10).toFixed(1)} %`;
  if (value > 0 && value < 1) return `${value < 0.1 ? "<0.1" : value.toFixed(1)} %`;
  return `${Math.round(value)} %`;
}

/** Seconds without the word "ago": `now`, `4 s`, `3 m`, `2 h`, `5 d`. */
export function span(seconds: number | null | undefined): string {
  if (!known(seconds)) return UNKNOWN;
  const value = Math.floor(Math.max(0, seconds));
  if (value < 60) return `${value} s`;
  if (value < 3600) return `${Math.floor(value / 60)} m`;
  if (value < 86_400) return `${Math.floor(value / 3600)} h`;
  return `${Math.floor(value / 86_400)} d`;
}

/** Age as a phrase: `now`, `4 s ago`, and for what is to come `in 25 m`; clocks may differ by a few seconds. */
export function ago(seconds: number | null | undefined): string {
  if (!known(seconds)) return UNKNOWN;
  if (seconds <= -5) return `in ${span(-seconds)}`;
  return seconds < 1 ? "now" : `${span(seconds)} ago`;
}

/** Milliseconds since the epoch, or null for what is not a time. */
export function instant(iso: string | null | undefined): number | null {
  if (!iso) return null;
  const value = Date.parse(iso);
  return Number.isNaN(value) ? null : value;
}

/** Exact local date and time with milliseconds, for hovers and details. */
export function exact(iso: string | null | undefined): string {
  const at = instant(iso);
  if (at === null) return UNKNOWN;
  const date = new Date(at);
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${clock(iso)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** Local time of day, `14:03:22`. */
export function clock(iso: string | null | undefined): string {
  const at = instant(iso);
  if (at === null) return UNKNOWN;
  const date = new Date(at);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** At most `limit` characters of a foreign text, on one line, for titles and labels. */
export function oneLine(text: string, limit = 300): string {
  const flat = text.replace(/[\s\u0000-\u001f\u007f]+/g, " ").trim();
  return flat.length > limit ? `${flat.slice(0, limit)}…` : flat;
}

/** A value of unknown type as text a person can read. */
export function plain(value: unknown): string {
  if (value === null || value === undefined) return UNKNOWN;
  return typeof value === "string" ? value : JSON.stringify(value);
}
