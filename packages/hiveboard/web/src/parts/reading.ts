/** Whether somebody reads with the pointer: a list that moves under it would take the line away. */

import { useEffect, useRef, useState } from "preact/hooks";

/** A pointer that was left lying reads no longer. */
export const READING_MS = 30_000;

interface Handlers {
  onPointerEnter: (event: PointerEvent) => void;
  onPointerMove: (event: PointerEvent) => void;
  onPointerLeave: () => void;
}

/** True from when a mouse enters or moves until it leaves, or has not moved for {@link READING_MS}; fingers do not hover. */
export function useReading(): [boolean, Handlers] {
  const [reading, setReading] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const end = () => {
    if (timer.current) clearTimeout(timer.current);
    timer.current = null;
    setReading(false);
  };
  const touch = (event: PointerEvent) => {
    if (event.pointerType !== "mouse") return;
    if (timer.current) clearTimeout(timer.current);
    timer.current = setTimeout(end, READING_MS);
    setReading(true);
  };
  useEffect(() => () => void (timer.current && clearTimeout(timer.current)), []);
  return [reading, { onPointerEnter: touch, onPointerMove: touch, onPointerLeave: end }];
}
