import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { describe, expect, it } from "vitest";

import { axisOf, instantAt, rowOf, shiftOf } from "./axis";

const day = (text: string) => Temporal.PlainDate.from(text);
const at = (text: string) => Temporal.Instant.from(text);

describe("the clock change of a day", () => {
  it.each([
    ["Europe/Berlin", "2026-03-29", { kind: "skipped", from: 120, to: 180 }],
    ["Europe/Berlin", "2026-10-25", { kind: "doubled", from: 120, to: 180 }],
    ["Australia/Lord_Howe", "2026-04-05", { kind: "doubled", from: 90, to: 120 }],
    ["Australia/Lord_Howe", "2026-10-04", { kind: "skipped", from: 120, to: 150 }],
    ["America/Santiago", "2026-09-06", { kind: "skipped", from: 0, to: 60 }],
    ["Antarctica/Troll", "2026-03-29", { kind: "skipped", from: 60, to: 180 }],
    ["Asia/Kathmandu", "2026-03-29", undefined],
    ["Europe/Berlin", "2026-03-28", undefined],
  ])("%s on %s", (zone, date, expected) => {
    expect(shiftOf(day(date), zone)).toEqual(expected);
  });

  it("is none where a zone left out the whole day", () => {
    expect(shiftOf(day("2011-12-30"), "Pacific/Apia")).toBeUndefined();
  });
});

describe("rows of a week with a doubled hour", () => {
  const week = Array.from({ length: 7 }, (_, days) => day("2026-10-19").add({ days }));
  const axis = axisOf(week, "Europe/Berlin");
  const sunday = day("2026-10-25");
  const row = (date: Temporal.PlainDate, text: string) => rowOf(axis, date, "Europe/Berlin", at(text));

  it("have a band of an hour after three o'clock", () => {
    expect(axis).toEqual({ bands: [{ at: 180, length: 60 }], length: 1_500 });
  });

  it("keep both passes of the hour apart", () => {
    expect(row(sunday, "2026-10-25T00:30:00Z")).toBe(150);
    expect(row(sunday, "2026-10-25T01:30:00Z")).toBe(210);
    expect(row(sunday, "2026-10-25T02:00:00Z")).toBe(240);
  });

  it("keep nine o'clock of all days on one line", () => {
    expect(row(day("2026-10-24"), "2026-10-24T07:00:00Z")).toBe(600);
    expect(row(sunday, "2026-10-25T08:00:00Z")).toBe(600);
  });

  it("give the second pass back as the later instant", () => {
    expect(instantAt(axis, sunday, "Europe/Berlin", 210).toString()).toBe("2026-10-25T01:30:00Z");
    expect(instantAt(axis, sunday, "Europe/Berlin", 150).toString()).toBe("2026-10-25T00:30:00Z");
    expect(instantAt(axis, day("2026-10-24"), "Europe/Berlin", 210).toString()).toBe("2026-10-24T01:00:00Z");
  });
});

const offset = (zone: string, month: number) =>
  Temporal.PlainDate.from({ year: 2026, month, day: 15 }).toZonedDateTime(zone).offsetNanoseconds;

/** The two clock changes of a zone in 2026. Zones without any are left out early: looking for none is slow. */
function changesOf(zone: string): Temporal.ZonedDateTime[] {
  const months = [1, 4, 7, 10].map((month) => offset(zone, month));
  if (new Set(months).size === 1) return [];
  const first = Temporal.ZonedDateTime.from(`2026-01-01[${zone}]`).getTimeZoneTransition("next");
  const second = first?.getTimeZoneTransition("next");
  return [first, second].filter((change) => change != null);
}

it("an instant comes back from its row, in every zone around its clock changes", () => {
  const cases = Intl.supportedValuesOf("timeZone").flatMap((zone) =>
    changesOf(zone).map((change) => ({ zone, change })),
  );
  expect(cases.length).toBeGreaterThan(200);
  const minute = fc.integer({ min: -1_500, max: 1_500 });
  fc.assert(
    fc.property(fc.constantFrom(...cases), minute, ({ zone, change }, minutes) => {
      const instant = change.toInstant().round({ smallestUnit: "minute" }).add({ minutes });
      const date = instant.toZonedDateTimeISO(zone).toPlainDate();
      const axis = axisOf([date.subtract({ days: 1 }), date, date.add({ days: 1 })], zone);
      const back = instantAt(axis, date, zone, rowOf(axis, date, zone, instant));
      expect(back.toString()).toBe(instant.toString());
    }),
    { numRuns: 250 },
  );
}, 60_000);
