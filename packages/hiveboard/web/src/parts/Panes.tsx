/** Panes beside each other that can be dragged wider; on a narrow window they become tabs. */

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { store, stored } from "../state/stored";

export interface GripProps {
  name: string;
  /** Which side of the grip the pane lies on. */
  side: "left" | "right";
  label: string;
  width: number;
  min: number;
  max: number;
  onWidth: (width: number) => void;
}

/** Width of a pane in pixels, remembered. */
export function usePaneWidth(name: string, standard: number): [number, (width: number) => void] {
  const [width, setWidth] = useState(() => Number(stored(`pane.${name}`)) || standard);
  const keep = (next: number) => {
    setWidth(next);
    store(`pane.${name}`, String(next));
  };
  return [width, keep];
}

/** The line between two panes: drag it, or move it with the arrow keys. */
export function Grip({ side, label, width, min, max, onWidth }: GripProps) {
  const from = useRef<{ x: number; width: number } | null>(null);
  const clamp = (value: number) => Math.round(Math.min(max, Math.max(min, value)));
  const sign = side === "left" ? 1 : -1;
  return (
    <div
      class="grip"
      role="separator"
      aria-orientation="vertical"
      aria-label={label}
      tabIndex={0}
      aria-valuenow={width}
      aria-valuemin={min}
      aria-valuemax={max}
      onPointerDown={(event) => {
        from.current = { x: event.clientX, width };
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => from.current && onWidth(clamp(from.current.width + sign * (event.clientX - from.current.x)))}
      onPointerUp={() => {
        from.current = null;
      }}
      onKeyDown={(event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        onWidth(clamp(width + sign * (event.key === "ArrowRight" ? 16 : -16)));
        event.preventDefault();
      }}
    />
  );
}

export interface Tab {
  id: string;
  label: string;
}

export function Tabs({
  tabs,
  chosen,
  onChoose,
  children,
}: {
  tabs: readonly Tab[];
  chosen: string;
  onChoose: (id: string) => void;
  children: ComponentChildren;
}) {
  return (
    <>
      <div class="tabs" role="tablist" aria-label="Panes">
        {tabs.map((tab) => (
          <button key={tab.id} type="button" role="tab" aria-selected={chosen === tab.id} onClick={() => onChoose(tab.id)}>
            {tab.label}
          </button>
        ))}
      </div>
      {children}
    </>
  );
}
