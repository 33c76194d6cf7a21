import { Temporal } from "temporal-polyfill";

const DAY_MINUTES = 1_440;

/** Wall-clock minutes that a day skips, or has twice. */
export interface Shift {
  kind: "skipped" | "doubled";
  /** Minutes since midnight, by the wall clock. */
  from: number;
  to: number;
}

/** The rows of a grid of days: the wall clock, with a band for each hour that one of the days has twice. */
export interface Axis {
  /** Inserted bands: they follow the minute `at`, and repeat the minutes before it. */
  bands: { at: number; length: number }[];
  /** The height of a day, in minutes. */
  length: number;
}

const known = new Map<string, Shift | undefined>();
const KNOWN_MAX = 2_000;

/** Return the clock change of a day in a zone, if it has one. */
export function shiftOf(day: Temporal.PlainDate, zone: string): Shift | undefined {
  const key = `${zone} ${day.toString()}`;
  if (!known.has(key)) {
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(key, findShift(day, zone));
  }
  return known.get(key);
}

function findShift(day: Temporal.PlainDate, zone: string): Shift | undefined {
  const start = day.toZonedDateTime(zone);
  const end = day.add({ days: 1 }).toZonedDateTime(zone);
  // A day that begins late (Santiago skips midnight) has its transition exactly at its first instant.
  const eve = start.subtract({ nanoseconds: 1 });
  if (eve.offsetNanoseconds === end.subtract({ nanoseconds: 1 }).offsetNanoseconds) return undefined;
  const change = eve.getTimeZoneTransition("next");
  if (!change || Temporal.Instant.compare(change.toInstant(), end.toInstant()) >= 0) return undefined;
  const before = change.subtract({ nanoseconds: 1 });
  const by = (change.offsetNanoseconds - before.offsetNanoseconds) / 60e9;
  // A zone may leave out a whole day (Apia, 2011-12-30): such a day has no wall clock to draw.
  if (by === 0 || Math.abs(by) >= DAY_MINUTES) return undefined;
  const after = minutesSince(day, change.toPlainDateTime());
  return by > 0
    ? within({ kind: "skipped", from: after - by, to: after })
    : within({ kind: "doubled", from: after, to: after - by });
}

function within(shift: Shift): Shift | undefined {
  const from = Math.max(0, shift.from);
  const to = Math.min(DAY_MINUTES, shift.to);
  return from < to ? { ...shift, from, to } : undefined;
}

/** Return the rows that fit all these days. */
export function axisOf(days: readonly Temporal.PlainDate[], zone: string): Axis {
  const bands = new Map<number, number>();
  for (const day of days) {
    const shift = shiftOf(day, zone);
    if (shift?.kind === "doubled")
      bands.set(shift.to, Math.max(bands.get(shift.to) ?? 0, shift.to - shift.from));
  }
  const sorted = [...bands].map(([at, length]) => ({ at, length })).sort((a, b) => a.at - b.at);
  return { bands: sorted, length: DAY_MINUTES + sorted.reduce((sum, band) => sum + band.length, 0) };
}

/** Return the row of an instant within a day's column: 0 at its midnight, never outside of the day. */
export function rowOf(axis: Axis, day: Temporal.PlainDate, zone: string, instant: Temporal.Instant): number {
  const local = instant.toZonedDateTimeISO(zone);
  const minute = minutesSince(day, local.toPlainDateTime());
  if (minute < 0) return 0;
  if (minute >= DAY_MINUTES) return axis.length;
  const shift = shiftOf(day, zone);
  const second = shift?.kind === "doubled" && minute >= shift.from && minute < shift.to && isSecond(local);
  const row = minute + bandsBefore(axis, minute);
  return second ? row + (shift.to - shift.from) : row;
}

/** Return the instant at a row of a day's column. A row that the day does not have is its next instant. */
export function instantAt(axis: Axis, day: Temporal.PlainDate, zone: string, row: number): Temporal.Instant {
  const shift = shiftOf(day, zone);
  let minute = Math.min(Math.max(row, 0), axis.length);
  for (const band of axis.bands) {
    if (minute < band.at) break;
    if (minute < band.at + band.length) {
      const mine = shift?.kind === "doubled" && shift.to === band.at;
      const length = mine ? shift.to - shift.from : 0;
      return mine && minute - band.at < length
        ? wallClock(day, minute - length, zone, "later")
        : wallClock(day, band.at, zone, "compatible");
    }
    minute -= band.length;
  }
  return wallClock(day, minute, zone, "compatible");
}

function isSecond(local: Temporal.ZonedDateTime): boolean {
  const first = local.toPlainDateTime().toZonedDateTime(local.timeZoneId, { disambiguation: "earlier" });
  return first.offsetNanoseconds !== local.offsetNanoseconds;
}

function bandsBefore(axis: Axis, minute: number): number {
  return axis.bands.reduce((sum, band) => (minute >= band.at ? sum + band.length : sum), 0);
}

function wallClock(
  day: Temporal.PlainDate,
  minute: number,
  zone: string,
  disambiguation: "compatible" | "later",
): Temporal.Instant {
  const local = day.toPlainDateTime().add({ seconds: Math.round(minute * 60) });
  return local.toZonedDateTime(zone, { disambiguation }).toInstant();
}

function minutesSince(day: Temporal.PlainDate, local: Temporal.PlainDateTime): number {
  return local.since(day.toPlainDateTime(), { largestUnit: "minute" }).total("minute");
}
