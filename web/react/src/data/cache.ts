import { type Calendar, type CalendarChanged, type CalendarItem, isBusy, isItem } from "@appointments/client";

export interface Range {
  from: string;
  to: string;
}

/** An item that was changed here, and whose change is not decided yet, is `pending`. */
export type ShownItem = CalendarItem & { pending?: boolean };

/** Return the calendar with a change of the live stream applied: the newest version wins, an older one is ignored. */
export function withChange(calendar: Calendar, change: CalendarChanged, range: Range): Calendar {
  const { item } = change;
  if (item === undefined) return calendar;
  const shown = calendar.items.filter(isItem).find((one) => one.id === change.appointment_id);
  if (shown && shown.version > change.version) return calendar;
  const others = calendar.items.filter((one) => one !== shown);
  if (item === null || !overlaps(item, range)) return shown ? { ...calendar, items: others } : calendar;
  return { ...calendar, items: sorted([...others, item]) };
}

/** Return the calendar with an item moved, before the server has decided it. */
export function withMove(calendar: Calendar, id: string, start: string, end: string): Calendar {
  const items = calendar.items.map((one) =>
    !isBusy(one) && one.id === id ? { ...one, start_time: start, end_time: end, pending: true } : one,
  );
  return { ...calendar, items: sorted(items) };
}

function overlaps(item: CalendarItem, range: Range): boolean {
  return (
    Date.parse(item.start_time) < Date.parse(range.to) && Date.parse(item.end_time) > Date.parse(range.from)
  );
}

function sorted(items: Calendar["items"]): Calendar["items"] {
  return items.sort((a, b) => Date.parse(a.start_time) - Date.parse(b.start_time));
}
