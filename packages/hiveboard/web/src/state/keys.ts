/** Keyboard shortcuts: the newest component that knows a key gets it; typing in a field gets everything. */

import { useEffect, useMemo } from "preact/hooks";

export type KeyMap = Record<string, (event: KeyboardEvent) => void>;

const layers: { current: KeyMap; modal: boolean }[] = [];

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
}

/** `mod+k` for ⌘K or Ctrl+K, otherwise the key's own name. */
function nameOf(event: KeyboardEvent): string {
  return event.metaKey || event.ctrlKey ? `mod+${event.key.toLowerCase()}` : event.key;
}

export function startKeys(): void {
  addEventListener("keydown", (event) => {
    const name = nameOf(event);
    if (event.defaultPrevented || event.altKey) return;
    if (typing(event.target) && !name.startsWith("mod+") && name !== "Escape") return;
    // Enter on a focused button or link keeps its own meaning.
    if (name === "Enter" && event.target instanceof HTMLElement && event.target.closest("a,button,summary")) return;
    for (const layer of [...layers].reverse()) {
      const action = Object.hasOwn(layer.current, name) ? layer.current[name] : undefined;
      if (action) {
        event.preventDefault();
        action(event);
        return;
      }
      if (layer.modal) return;
    }
  });
}

/** Bind keys while the component is mounted; a modal layer keeps keys from those below it. */
export function useKeys(map: KeyMap, modal = false): void {
  const layer = useLayer(map, modal);
  layer.current = map;
}

function useLayer(map: KeyMap, modal: boolean): { current: KeyMap; modal: boolean } {
  const layer = useMemo(() => ({ current: map, modal }), []);
  useEffect(() => {
    layers.push(layer);
    return () => {
      layers.splice(layers.indexOf(layer), 1);
    };
  }, [layer]);
  return layer;
}
