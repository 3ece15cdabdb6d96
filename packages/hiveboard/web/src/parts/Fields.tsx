/** Fields of toolbars: a select and a text filter that answers to `/`. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useKeys } from "../state/keys";
import { Icon } from "./Marks";

export interface SelectProps {
  label: string;
  all: string;
  value: string;
  options: readonly (string | { value: string; label: string })[];
  onPick: (value: string) => void;
}

export function Select({ label, all, value, options, onPick }: SelectProps) {
  const items = options.map((option) => (typeof option === "string" ? { value: option, label: option } : option));
  if (value && !items.some((item) => item.value === value)) items.unshift({ value, label: value });
  return (
    <select class="picker" aria-label={label} value={value} onChange={(event) => onPick(event.currentTarget.value)}>
      {all ? <option value="">{all}</option> : null}
      {items.map((item) => (
        <option key={item.value} value={item.value}>
          {item.label.slice(0, 60)}
        </option>
      ))}
    </select>
  );
}

/** Tells its text a moment after the last key. */
export function TextFilter({ label, value, onText }: { label: string; value: string; onText: (text: string) => void }) {
  const box = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onText(text), 200);
    return () => clearTimeout(timer);
  }, [text]);
  useKeys({ "/": () => box.current?.select() });
  return (
    <label class="text-filter">
      <Icon name="search" />
      <span class="sr-only">{label}</span>
      <input
        ref={box}
        type="search"
        placeholder={label}
        value={text}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
  );
}
