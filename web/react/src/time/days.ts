import { Temporal } from "temporal-polyfill";

export type View = "week" | "day" | "month" | "agenda";

/** Return the first day of the week of a locale: 1 is Monday, 7 is Sunday. */
export function firstDayOf(locale: string): number {
  const info = new Intl.Locale(locale) as Intl.Locale & {
    getWeekInfo?: () => { firstDay: number };
    weekInfo?: { firstDay: number };
  };
  return (info.getWeekInfo?.() ?? info.weekInfo)?.firstDay ?? 1;
}

export function weekOf(date: Temporal.PlainDate, firstDay: number): Temporal.PlainDate {
  return date.subtract({ days: (date.dayOfWeek - firstDay + 7) % 7 });
}

export function daysFrom(first: Temporal.PlainDate, count: number): Temporal.PlainDate[] {
  return Array.from({ length: count }, (_, days) => first.add({ days }));
}

/** Return the days that a view shows around a date; a month has whole weeks. */
export function shownDays(view: View, date: Temporal.PlainDate, firstDay: number): Temporal.PlainDate[] {
  if (view === "day") return [date];
  if (view === "agenda") return daysFrom(date, 14);
  if (view === "week") return daysFrom(weekOf(date, firstDay), 7);
  const first = weekOf(date.with({ day: 1 }), firstDay);
  const last = weekOf(date.with({ day: date.daysInMonth }), firstDay).add({ days: 7 });
  return daysFrom(first, first.until(last).days);
}

/** Return the date that the next (or previous) page of a view is about. */
export function turned(view: View, date: Temporal.PlainDate, by: 1 | -1): Temporal.PlainDate {
  if (view === "month") return date.with({ day: 1 }).add({ months: by });
  return date.add({ days: by * { day: 1, week: 7, agenda: 14 }[view] });
}

/** Return the half-open range of instants of these days in a zone. */
export function rangeOf(days: readonly Temporal.PlainDate[], zone: string): { from: string; to: string } {
  const [first, last] = [days[0], days.at(-1)];
  if (!first || !last) throw new RangeError("no days");
  return {
    from: first.toZonedDateTime(zone).toInstant().toString(),
    to: last.add({ days: 1 }).toZonedDateTime(zone).toInstant().toString(),
  };
}

export function todayIn(zone: string, now = Temporal.Now.instant()): Temporal.PlainDate {
  return now.toZonedDateTimeISO(zone).toPlainDate();
}

export function readDate(text: string | null | undefined): Temporal.PlainDate | undefined {
  try {
    return text ? Temporal.PlainDate.from(text) : undefined;
  } catch {
    return undefined;
  }
}
