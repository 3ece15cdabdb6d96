/** Where the marks of an axis stand and what they say: round steps, labels that neither repeat nor touch. */

import { money } from "../format";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Steps of time that people count in, in milliseconds. */
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((number) => number * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((number) => number * MINUTE),
  ...[1, 2, 3, 6, 12].map((number) => number * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100].map((number) => number * DAY),
];

/** Pixels of a character of a label, at 12 px, and the free space behind it. */
const CHARACTER = 7.2;
const FREE = 14;
/** Marks nearer to each other tell no more. */
const NEAREST = 60;

export interface Tick {
  /** Position in pixels. */
  x: number;
  label: string;
}

/** An elapsed time without what is zero: `0`, `200 ms`, `1.5 s`, `1 m 30 s`, `2 h`. */
export function elapsed(ms: number): string {
  if (ms === 0) return "0";
  if (ms < SECOND) return `${ms} ms`;
  const parts: [number, string][] = [
    [Math.floor(ms / DAY), "d"],
    [Math.floor((ms % DAY) / HOUR), "h"],
    [Math.floor((ms % HOUR) / MINUTE), "m"],
    [(ms % MINUTE) / SECOND, "s"],
  ];
  return parts
    .filter(([number]) => number > 0)
    .map(([number, unit]) => `${number} ${unit}`)
    .join(" ");
}

function marks(totalMs: number, step: number, width: number): Tick[] {
  const list: Tick[] = [];
  for (let index = 0; index * step <= totalMs; index += 1) {
    list.push({ x: ((index * step) / totalMs) * width, label: elapsed(index * step) });
  }
  return list;
}

function fits(list: readonly Tick[]): boolean {
  const room = (tick: Tick) => Math.max(NEAREST, tick.label.length * CHARACTER + FREE);
  return list.every((tick, index) => tick.x + room(tick) <= (list[index + 1]?.x ?? Infinity));
}

/** Marks of a run's time axis from 0 to `totalMs`, `width` pixels wide. What would not fit at its end is left out. */
export function elapsedTicks(totalMs: number, width: number): Tick[] {
  if (!(totalMs > 0) || !(width > 0)) return [];
  const step = STEPS.find((candidate) => totalMs / candidate <= width / NEAREST && fits(marks(totalMs, candidate, width)));
  const list = step === undefined ? [{ x: 0, label: "0" }] : marks(totalMs, step, width);
  return list.filter((tick) => tick.x + tick.label.length * CHARACTER + 4 <= width);
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

/** The first local moment at or after `from` that is a multiple of `step`, and those that follow. */
function localMultiples(from: number, to: number, step: number): number[] {
  const list: number[] = [];
  const date = new Date(from);
  date.setHours(0, 0, 0, 0);
  // Days are counted by the calendar: where clocks change, one is shorter or longer.
  const days = Math.max(1, Math.round(step / DAY));
  for (let day = 0; date.getTime() <= to; day += 1) {
    const midnight = date.getTime();
    if (step >= DAY) {
      if (day % days === 0 && midnight >= from) list.push(midnight);
    } else {
      const steps = Math.round(DAY / step);
      for (let index = 0; index < steps; index += 1) {
        const minutes = (index * step) / MINUTE;
        const at = new Date(midnight).setHours(Math.floor(minutes / 60), minutes % 60);
        if (at >= from && at <= to && at > (list.at(-1) ?? -Infinity)) list.push(at);
      }
    }
    date.setDate(date.getDate() + 1);
  }
  return list;
}

export interface Mark {
  /** Milliseconds since the epoch, or US dollars. */
  at: number;
  label: string;
}

const CLOCK_STEPS = STEPS.filter((step) => step >= 5 * MINUTE && step < DAY);
const DAY_STEPS = STEPS.filter((step) => step >= DAY);

/** Marks of a calendar axis in local time: the time of day within two days, the day beyond. No label stands twice. */
export function calendarTicks(from: number, to: number, width: number): Mark[] {
  if (!(to > from) || !(width > 0)) return [];
  const byDay = to - from > 2 * DAY;
  const most = Math.max(1, Math.floor(width / (5 * CHARACTER + FREE)));
  const steps = byDay ? DAY_STEPS : CLOCK_STEPS;
  const step = steps.find((candidate) => (to - from) / candidate <= most) ?? steps.at(-1) ?? DAY;
  const said = new Set<string>();
  return localMultiples(from, to, step)
    .map((at) => ({ at, label: dayOrTime(at, byDay) }))
    .filter(({ label }) => !said.has(label) && said.add(label));
}

function dayOrTime(at: number, byDay: boolean): string {
  const date = new Date(at);
  const day = `${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  const midnight = date.getHours() === 0 && date.getMinutes() === 0;
  return byDay || midnight ? day : `${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

/** Marks of a money axis from 0: round steps, exact labels, the last at or above `top`. */
export function moneyTicks(top: number, most: number): Mark[] {
  if (!(top > 0)) return [{ at: 0, label: "$0" }];
  const rough = top / Math.max(1, most);
  const exponent = Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * 10 ** exponent >= rough * (1 - 1e-9)) ?? 10;
  const count = Math.max(1, Math.ceil((top / (step * 10 ** exponent)) * (1 - 1e-9)));
  return Array.from({ length: count + 1 }, (_, index) => {
    // One multiplication of whole numbers, so that 3 × 0.1 is 0.3.
    const at = exponent < 0 ? (index * step) / 10 ** -exponent : index * step * 10 ** exponent;
    return { at, label: money(at) };
  });
}
