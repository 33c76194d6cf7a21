import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";

import type { ShownItem } from "../data/cache";
import { useFormats } from "../provider";
import { useToasts } from "../ui/Toasts";
import { SNAP, shifted } from "./moves";
import type { Wanted } from "./useDrag";

const GATHER = 600; // milliseconds; steps that follow each other faster are one move

const STEPS: Record<string, { days: number; minutes: number }> = {
  ArrowUp: { days: 0, minutes: -SNAP },
  ArrowDown: { days: 0, minutes: SNAP },
  ArrowLeft: { days: -1, minutes: 0 },
  ArrowRight: { days: 1, minutes: 0 },
};

/** Alt and the arrows move an appointment, with Shift its end. Enter sends at once, Escape takes it back. */
export function useKeyboardMoves(zone: string, send: (wanted: Wanted) => void) {
  const [wanted, setWanted] = useState<Wanted | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const t = useTranslations("calendar");
  const formats = useFormats();
  const { announce } = useToasts();
  useEffect(() => () => clearTimeout(timer.current), []);

  const finish = (last: Wanted | null) => {
    clearTimeout(timer.current);
    setWanted(null);
    if (last) send(last);
  };

  const onKey = (event: KeyboardEvent<HTMLElement>, item: ShownItem) => {
    const step = event.altKey ? STEPS[event.key] : undefined;
    if (step) {
      event.preventDefault();
      event.stopPropagation();
      const now = wanted?.item.id === item.id ? wanted : null;
      const from = now ? { ...item, start_time: now.start, end_time: now.end } : item;
      const next = shifted(from, zone, step.days, step.minutes, event.shiftKey ? "end" : "whole");
      const moved = { ...next, item };
      setWanted(moved);
      const range = `${formats.dateTime(moved.start)} – ${formats.time(moved.end)}`;
      announce(t("moving", { title: item.title, range }));
      clearTimeout(timer.current);
      timer.current = setTimeout(() => finish(moved), GATHER);
    } else if (wanted && (event.key === "Enter" || event.key === "Escape")) {
      event.preventDefault();
      event.stopPropagation();
      finish(event.key === "Enter" ? wanted : null);
    }
  };
  return { wanted, onKey };
}
