import { type BusyRange, type Calendar, isBusy } from "@appointments/client";
import { Temporal } from "temporal-polyfill";

import type { ShownItem } from "../data/cache";
import { type Axis, rowOf } from "../time/axis";
import { type Placed, type Span, sideBySide } from "../time/columns";

export type CalendarEntry = ShownItem | BusyRange;

export interface DayEntry extends Span {
  entry: CalendarEntry;
  /** Whether the entry goes on beyond this day. */
  begins: boolean;
  ends: boolean;
}

const SHORTEST = 20; // minutes; a shorter entry is drawn so high that its title can be read

/** Return the entries of a calendar that a day shows, side by side where they overlap. */
export function entriesOf(
  calendar: Calendar | undefined,
  axis: Axis,
  day: Temporal.PlainDate,
  zone: string,
): Placed<DayEntry>[] {
  const start = day.toZonedDateTime(zone).epochMilliseconds;
  const end = day.add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds;
  const found: DayEntry[] = [];
  for (const entry of calendar?.items ?? []) {
    const [from, to] = [Date.parse(entry.start_time), Date.parse(entry.end_time)];
    if (from >= end || to <= start) continue;
    const row = from < start ? 0 : rowOf(axis, day, zone, instant(from));
    const until = to >= end ? axis.length : rowOf(axis, day, zone, instant(to));
    found.push({
      entry,
      start: row,
      end: Math.min(axis.length, Math.max(until, row + SHORTEST)),
      begins: from >= start,
      ends: to <= end,
    });
  }
  return sideBySide(found);
}

/** Return the appointments and busy ranges of a day in their order, for lists. */
export function listOf(
  calendar: Calendar | undefined,
  day: Temporal.PlainDate,
  zone: string,
): CalendarEntry[] {
  const start = day.toZonedDateTime(zone).epochMilliseconds;
  const end = day.add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds;
  return (calendar?.items ?? [])
    .filter((one) => Date.parse(one.start_time) < end && Date.parse(one.end_time) > start)
    .sort((a, b) => Date.parse(a.start_time) - Date.parse(b.start_time));
}

export function keyOf(entry: CalendarEntry): string {
  return isBusy(entry) ? `${entry.user_id ?? "busy"}-${entry.start_time}` : entry.id;
}

function instant(milliseconds: number): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(milliseconds);
}
