import { Temporal } from "temporal-polyfill";

import type { ShownItem } from "../data/cache";
import { type Axis, instantAt, rowOf } from "../time/axis";
import type { Part, Wanted } from "./useDrag";

export const SNAP = 15; // minutes

/** Return the time of an item that is pulled by columns and rows of a grid; it snaps to quarters of an hour. */
export function pulled(
  axis: Axis,
  days: readonly Temporal.PlainDate[],
  zone: string,
  item: ShownItem,
  part: Part,
  columns: number,
  rows: number,
): Wanted {
  const [start, end] = [Temporal.Instant.from(item.start_time), Temporal.Instant.from(item.end_time)];
  const edge = part === "end" ? end : start;
  const from = edge.toZonedDateTimeISO(zone).toPlainDate();
  const day = nearest(days, from.add({ days: columns }));
  const row = Math.round((rowOf(axis, from, zone, edge) + rows) / SNAP) * SNAP;
  const to = instantAt(
    axis,
    day,
    zone,
    Math.min(Math.max(row, 0), axis.length - (part === "end" ? 0 : SNAP)),
  );
  if (part === "whole") return at(item, to, to.add(start.until(end)));
  const earliest = start.add({ minutes: SNAP });
  return at(item, start, Temporal.Instant.compare(to, earliest) < 0 ? earliest : to);
}

/** Return the time of an item moved by days on the wall clock, and by minutes that pass. */
export function shifted(item: ShownItem, zone: string, days: number, minutes: number, part: Part): Wanted {
  const [start, end] = [Temporal.Instant.from(item.start_time), Temporal.Instant.from(item.end_time)];
  if (part === "end") {
    const to = end.add({ minutes });
    return at(item, start, Temporal.Instant.compare(to, start) <= 0 ? end : to);
  }
  const to = start.toZonedDateTimeISO(zone).add({ days }).toInstant().add({ minutes });
  return at(item, to, to.add(start.until(end)));
}

function nearest(days: readonly Temporal.PlainDate[], day: Temporal.PlainDate): Temporal.PlainDate {
  const [first, last] = [days[0] ?? day, days.at(-1) ?? day];
  if (Temporal.PlainDate.compare(day, first) < 0) return first;
  return Temporal.PlainDate.compare(day, last) > 0 ? last : day;
}

function at(item: ShownItem, start: Temporal.Instant, end: Temporal.Instant): Wanted {
  return { item, start: start.toString(), end: end.toString() };
}
