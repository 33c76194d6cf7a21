import { type PointerEvent, type RefObject, useEffect, useRef, useState } from "react";

import type { ShownItem } from "../data/cache";

export interface Wanted {
  item: ShownItem;
  start: string;
  end: string;
}

export type Part = "whole" | "end";

interface Grip {
  item: ShownItem;
  part: Part;
  x: number;
  y: number;
  moved: boolean;
}

/** Return where an item comes to lie when it is pulled by so many columns and rows. */
export type Target = (item: ShownItem, part: Part, columns: number, rows: number) => Wanted;

const THRESHOLD = 4; // pixels; a smaller movement is a click

/** Pull events with a mouse or a pen. Fingers scroll; all that a pull does can be done by keyboard too. */
export function useDrag(
  columns: RefObject<HTMLElement | null>,
  shape: { columns: number; rows: number },
  target: Target,
  onDrop: (wanted: Wanted) => void,
) {
  const [wanted, setWanted] = useState<Wanted | null>(null);
  const grip = useRef<Grip | null>(null);
  const latest = useRef({ shape, target, onDrop, wanted });
  useEffect(() => {
    latest.current = { shape, target, onDrop, wanted };
  });

  useEffect(() => {
    const move = (event: globalThis.PointerEvent) => {
      const held = grip.current;
      const box = columns.current?.getBoundingClientRect();
      if (!held || !box) return;
      const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
      held.moved ||= Math.hypot(dx, dy) > THRESHOLD;
      if (!held.moved) return;
      event.preventDefault();
      const { shape: now } = latest.current;
      const across = held.part === "end" ? 0 : Math.round(dx / (box.width / now.columns));
      setWanted(latest.current.target(held.item, held.part, across, (dy / box.height) * now.rows));
    };
    const end = (drop: boolean) => {
      const held = grip.current;
      grip.current = null;
      const { wanted: last } = latest.current;
      setWanted(null);
      if (held?.moved) swallowClick();
      if (drop && held?.moved && last) latest.current.onDrop(last);
    };
    const up = () => end(true);
    const key = (event: globalThis.KeyboardEvent) => {
      if (event.key !== "Escape" || !grip.current) return;
      event.stopPropagation();
      end(false);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", up);
    window.addEventListener("keydown", key, true);
    return () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", up);
      window.removeEventListener("keydown", key, true);
    };
  }, [columns]);

  const grab = (event: PointerEvent<HTMLElement>, item: ShownItem, part: Part) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    grip.current = { item, part, x: event.clientX, y: event.clientY, moved: false };
  };
  return { wanted, grab };
}

/** The browser sends a click after a pull: it must not open what was pulled. */
function swallowClick(): void {
  const swallow = (event: MouseEvent) => {
    event.stopPropagation();
    event.preventDefault();
  };
  window.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => window.removeEventListener("click", swallow, { capture: true }), 50);
}
