import type { Temporal } from "temporal-polyfill";

/** Formats of one locale and zone. All take instants; a plain date is a day of the calendar, without a zone. */
export interface Formats {
  time: (at: Temporal.Instant | string) => string;
  range: (start: string, end: string) => string;
  day: (day: Temporal.PlainDate) => string;
  dayShort: (day: Temporal.PlainDate) => string;
  weekday: (day: Temporal.PlainDate) => string;
  month: (day: Temporal.PlainDate) => string;
  days: (first: Temporal.PlainDate, last: Temporal.PlainDate) => string;
  dateTime: (at: Temporal.Instant | string) => string;
  hour: (minute: number) => string;
  list: (items: readonly string[]) => string;
}

/** Return the formats of a locale. Hours follow the locale: 14:30 in Germany, 2:30 pm in the United States. */
export function formatsFor(locale: string, zone: string): Formats {
  const of = (options: Intl.DateTimeFormatOptions, timeZone = zone) =>
    new Intl.DateTimeFormat(locale, { ...options, timeZone });
  // A 24-hour clock has two digits everywhere; else 8:00 and 08:00–09:00 would stand side by side.
  const half = of({ hour: "numeric" }).resolvedOptions().hour12;
  const hour = half ? "numeric" : "2-digit";
  const clock = of({ hour, minute: "2-digit" });
  const plainHour = of(half ? { hour } : { hour, minute: "2-digit" }, "UTC");
  const stamp = of({ weekday: "short", day: "numeric", month: "short", hour, minute: "2-digit" });
  const day = of({ weekday: "long", day: "numeric", month: "long" }, "UTC");
  const dayShort = of({ weekday: "short", day: "numeric", month: "short" }, "UTC");
  const weekday = of({ weekday: "short" }, "UTC");
  const month = of({ month: "long", year: "numeric" }, "UTC");
  const span = of({ day: "numeric", month: "long", year: "numeric" }, "UTC");
  const list = new Intl.ListFormat(locale, { type: "conjunction" });
  return {
    time: (at) => clock.format(epoch(at)),
    range: (start, end) => clock.formatRange(epoch(start), epoch(end)),
    day: (date) => day.format(noon(date)),
    dayShort: (date) => dayShort.format(noon(date)),
    weekday: (date) => weekday.format(noon(date)),
    month: (date) => month.format(noon(date)),
    days: (first, last) => span.formatRange(noon(first), noon(last)),
    dateTime: (at) => stamp.format(epoch(at)),
    hour: (minute) => plainHour.format(minute * 60_000),
    list: (items) => list.format(items),
  };
}

/** Return a zone's offset at an instant, such as GMT+1, as the locale writes it. */
export function offsetName(locale: string, zone: string, at: Temporal.Instant | string): string {
  const parts = new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    timeZoneName: "shortOffset",
  }).formatToParts(epoch(at));
  return parts.find((part) => part.type === "timeZoneName")?.value ?? zone;
}

/** Return a zone's city as people say it: Europe/Berlin is Berlin. */
export function cityOf(zone: string): string {
  return (zone.split("/").at(-1) ?? zone).replaceAll("_", " ");
}

function epoch(at: Temporal.Instant | string): number {
  return typeof at === "string" ? Date.parse(at) : at.epochMilliseconds;
}

function noon(date: Temporal.PlainDate): number {
  return Date.parse(`${date.toString({ calendarName: "never" })}T12:00:00Z`);
}
