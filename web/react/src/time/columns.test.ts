import fc from "fast-check";
import { expect, it } from "vitest";

import { sideBySide } from "./columns";

it("gives entries that do not meet the whole width", () => {
  const placed = sideBySide([
    { start: 60, end: 90 },
    { start: 90, end: 120 },
  ]);
  expect(placed.map(({ lane, lanes }) => [lane, lanes])).toEqual([
    [0, 1],
    [0, 1],
  ]);
});

it("never puts two overlapping entries into one lane, and uses no more lanes than meet at once", () => {
  const span = fc.tuple(fc.nat(1_400), fc.integer({ min: 1, max: 300 })).map(([start, length]) => ({
    start,
    end: start + length,
  }));
  fc.assert(
    fc.property(fc.array(span, { maxLength: 40 }), (entries) => {
      const placed = sideBySide(entries);
      expect(placed).toHaveLength(entries.length);
      const meet = (a: { start: number; end: number }, b: { start: number; end: number }) =>
        a.start < b.end && b.start < a.end;
      for (const one of placed) {
        expect(one.lane).toBeLessThan(one.lanes);
        for (const other of placed) {
          if (one === other || !meet(one.entry, other.entry)) continue;
          expect(one.lane).not.toBe(other.lane);
          expect(one.lanes).toBe(other.lanes);
        }
        const busiest = Math.max(
          ...entries.map(
            (at) => entries.filter((entry) => entry.start <= at.start && at.start < entry.end).length,
          ),
        );
        expect(one.lanes).toBeLessThanOrEqual(busiest);
      }
    }),
  );
});
