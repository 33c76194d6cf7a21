import type { Calendar, CalendarItem } from "@appointments/client";
import { expect, it } from "vitest";

import { withChange, withMove } from "./cache";
import { RecentChanges } from "./changes";

const RANGE = { from: "2026-12-07T00:00:00Z", to: "2026-12-14T00:00:00Z" };

function item(version: number, start = "2026-12-08T09:00:00Z", end = "2026-12-08T10:00:00Z"): CalendarItem {
  return {
    id: "a",
    title: `Version ${version}`,
    start_time: start,
    end_time: end,
    timezone: "UTC",
    status: "confirmed",
    organizer_id: "o",
    location: "",
    participant_ids: [],
    version,
    series_id: null,
    original_start_time: null,
    role: "organizer",
    my_status: null,
    counts: { participants: 0, confirmed: 0, declined: 0 },
    seats: null,
    free_seats: null,
    has_meeting_url: false,
  };
}

const change = (version: number, to: CalendarItem | null | undefined) => ({
  appointment_id: "a",
  version,
  change: "updated",
  ...(to === undefined ? {} : { item: to }),
});
const titles = (calendar: Calendar) => calendar.items.map((one) => ("title" in one ? one.title : "busy"));

it("shows the newer version", () => {
  expect(titles(withChange({ items: [item(1)] }, change(2, item(2)), RANGE))).toEqual(["Version 2"]);
});

it("ignores an older version that comes late", () => {
  expect(titles(withChange({ items: [item(3)] }, change(2, item(2)), RANGE))).toEqual(["Version 3"]);
});

it("adds what comes into the range, and removes what leaves it", () => {
  expect(titles(withChange({ items: [] }, change(1, item(1)), RANGE))).toEqual(["Version 1"]);
  const away = item(2, RANGE.to, "2026-12-14T01:00:00Z");
  expect(titles(withChange({ items: [item(1)] }, change(2, away), RANGE))).toEqual([]);
});

it("removes what is not in the calendar any more", () => {
  expect(titles(withChange({ items: [item(1)] }, change(2, null), RANGE))).toEqual([]);
});

it("leaves the calendar alone when the event does not bring the appointment", () => {
  const calendar = { items: [item(1)] };
  expect(withChange(calendar, change(2, undefined), RANGE)).toBe(calendar);
});

it("marks a moved item as pending, and keeps the order of starts", () => {
  const other = { start_time: "2026-12-08T11:00:00Z", end_time: "2026-12-08T12:00:00Z", busy: true as const };
  const moved = withMove({ items: [item(1), other] }, "a", "2026-12-08T13:00:00Z", "2026-12-08T14:00:00Z");
  expect(moved.items.at(-1)).toMatchObject({ id: "a", pending: true, start_time: "2026-12-08T13:00:00Z" });
});

it("an answer that was on its way does not undo a change that came meanwhile", () => {
  let now = 0;
  const recent = new RecentChanges(() => now);
  recent.note(change(3, item(3)));
  recent.note(change(2, item(2)));
  expect(titles(recent.applyTo({ items: [item(1)] }, RANGE))).toEqual(["Version 3"]);
  expect(titles(recent.applyTo({ items: [item(4)] }, RANGE))).toEqual(["Version 4"]);
  now = 60_000;
  expect(titles(recent.applyTo({ items: [item(1)] }, RANGE))).toEqual(["Version 1"]);
});
