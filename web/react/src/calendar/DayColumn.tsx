import { type Calendar, isBusy } from "@appointments/client";
import type { Temporal } from "temporal-polyfill";
import { type KeyboardEvent, type PointerEvent, type RefObject, useMemo } from "react";
import { useTranslations } from "use-intl";

import type { ShownItem } from "../data/cache";
import { useFormats, usePlace } from "../provider";
import { type Axis, rowOf, shiftOf } from "../time/axis";
import { entriesOf, keyOf } from "./entries";
import { Event } from "./Event";
import { Ghost } from "./Ghost";
import type { Cursor } from "./useCursor";
import type { Part, Wanted } from "./useDrag";

interface DayColumnProps {
  day: Temporal.PlainDate;
  axis: Axis;
  calendar: Calendar | undefined;
  today: boolean;
  now: Temporal.Instant;
  ghost: Wanted | null;
  dragged: string | undefined;
  cursor: Cursor | null;
  cursorRef: RefObject<HTMLButtonElement | null>;
  movable: (item: ShownItem) => boolean;
  onOpen: (id: string) => void;
  onGrab: (event: PointerEvent<HTMLElement>, item: ShownItem, part: Part) => void;
  onEventKey: (event: KeyboardEvent<HTMLElement>, item: ShownItem) => void;
}

export function DayColumn(props: DayColumnProps) {
  const { day, axis, calendar, today, now, ghost, dragged, cursor, cursorRef } = props;
  const { movable, onOpen, onGrab, onEventKey } = props;
  const { zone } = usePlace();
  const t = useTranslations("calendar");
  const formats = useFormats();
  const entries = useMemo(() => entriesOf(calendar, axis, day, zone), [calendar, axis, day, zone]);
  const percent = (rows: number) => `${(rows / axis.length) * 100}%`;
  return (
    <section className="apt-day" aria-label={formats.day(day)} data-today={today || undefined}>
      <Closed axis={axis} day={day} zone={zone} label={t("skipped")} />
      {today && (
        <div className="apt-day__now" style={{ insetBlockStart: percent(rowOf(axis, day, zone, now)) }}>
          <span className="apt-hidden">
            {t("now")}: {formats.time(now)}
          </span>
        </div>
      )}
      {cursor?.at && (
        <button
          type="button"
          ref={cursorRef}
          className="apt-cursor"
          style={{ insetBlockStart: percent(cursor.at.row), blockSize: percent(cursor.at.length) }}
          aria-label={cursor.name}
          onClick={cursor.onPick}
        />
      )}
      <div className="apt-day__entries">
        {entries.map((placed) => {
          const { entry } = placed.entry;
          const item = isBusy(entry) ? null : entry;
          return (
            <Event
              key={keyOf(entry)}
              placed={placed}
              axis={axis}
              calendar={calendar}
              movable={item !== null && movable(item)}
              dragged={item?.id === dragged && dragged !== undefined}
              onOpen={onOpen}
              onGrab={(event, part) => item && onGrab(event, item, part)}
              onKey={(event) => item && onEventKey(event, item)}
            />
          );
        })}
        {ghost && <Ghost wanted={ghost} axis={axis} day={day} zone={zone} />}
      </div>
    </section>
  );
}

interface ClosedProps {
  axis: Axis;
  day: Temporal.PlainDate;
  zone: string;
  label: string;
}

/** The rows that a day does not have: an hour that it skips, or the second pass of another day's hour. */
function Closed({ axis, day, zone, label }: ClosedProps) {
  const shift = shiftOf(day, zone);
  const foreign = axis.bands.filter((band) => !(shift?.kind === "doubled" && shift.to === band.at));
  const percent = (rows: number) => `${(rows / axis.length) * 100}%`;
  const rows = foreign.map((band) => ({ from: band.at, length: band.length, skipped: false }));
  if (shift?.kind === "skipped")
    rows.push({ from: shift.from, length: shift.to - shift.from, skipped: true });
  return rows.map((row) => (
    <div
      key={row.from}
      className="apt-day__closed"
      style={{ insetBlockStart: percent(row.from), blockSize: percent(row.length) }}
    >
      {row.skipped && <span className="apt-hidden">{label}</span>}
    </div>
  ));
}
