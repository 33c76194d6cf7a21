import { type Calendar, isItem } from "@appointments/client";
import { Temporal } from "temporal-polyfill";
import { type KeyboardEvent, type RefObject, useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";

import { useFormats } from "../provider";
import { type Axis, instantAt } from "../time/axis";
import { useToasts } from "../ui/Toasts";

const SLOT = 30; // minutes
const MORNING = 9 * 60;

export interface Cursor {
  at: { day: Temporal.PlainDate; row: number; length: number } | null;
  name: string;
  onPick: () => void;
}

interface CursorOptions {
  days: readonly Temporal.PlainDate[];
  today: Temporal.PlainDate;
  axis: Axis;
  zone: string;
  calendar: Calendar | undefined;
  onOpen: (id: string) => void;
  onPick: ((start: Temporal.Instant) => void) | undefined;
  ref: RefObject<HTMLButtonElement | null>;
}

/** A cursor that walks the slots of the grid by the arrow keys, and says where it is. */
export function useCursor(options: CursorOptions) {
  const { days, today, axis, zone, calendar, ref } = options;
  const t = useTranslations("calendar");
  const formats = useFormats();
  const { announce } = useToasts();
  const [place, setPlace] = useState({
    index: Math.max(
      0,
      days.findIndex((day) => day.equals(today)),
    ),
    row: MORNING,
  });
  const follow = useRef(false);
  const index = Math.min(place.index, days.length - 1);
  const day = days[index];
  const instant = day && instantAt(axis, day, zone, place.row);
  const inside = instant && itemsAt(calendar, instant);
  const name = day && instant ? nameOf() : "";

  function nameOf(): string {
    const words = {
      day: formats.day(day as Temporal.PlainDate),
      time: formats.time(instant as Temporal.Instant),
    };
    const title = inside?.map((item) => item.title).join(", ");
    return title ? t("cursor_busy", { ...words, title }) : t("cursor", words);
  }

  useEffect(() => {
    if (!follow.current) return;
    follow.current = false;
    ref.current?.focus({ preventScroll: true });
    ref.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
    announce(name);
  }, [index, place.row, name, announce, ref]);

  const step = (columns: number, rows: number) => {
    follow.current = true;
    setPlace({
      index: Math.min(Math.max(index + columns, 0), days.length - 1),
      row: Math.min(Math.max(place.row + rows, 0), axis.length - SLOT),
    });
  };

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const steps: Record<string, [number, number]> = {
      ArrowUp: [0, -SLOT],
      ArrowDown: [0, SLOT],
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
    };
    const found = steps[event.key];
    if (!found) return;
    event.preventDefault();
    step(...found);
  };

  const onPick = () => {
    const first = inside?.[0];
    if (first) options.onOpen(first.id);
    else if (instant) options.onPick?.(instant);
  };

  return { at: day ? { day, row: place.row, length: SLOT } : null, name, onPick, onKeyDown };
}

function itemsAt(calendar: Calendar | undefined, instant: Temporal.Instant) {
  const at = instant.epochMilliseconds;
  return (calendar?.items ?? [])
    .filter(isItem)
    .filter((item) => Date.parse(item.start_time) < at + SLOT * 60_000 && Date.parse(item.end_time) > at);
}
