import type { Calendar } from "@appointments/client";
import { Temporal } from "temporal-polyfill";
import { type KeyboardEvent, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { useTranslations } from "use-intl";

import type { ShownItem } from "../data/cache";
import { useFormats, usePlace } from "../provider";
import { type Axis, axisOf } from "../time/axis";
import { DayColumn } from "./DayColumn";
import { pulled } from "./moves";
import { TimeGutter } from "./TimeGutter";
import { useCursor } from "./useCursor";
import { useDrag, type Wanted } from "./useDrag";

export interface TimeGridProps {
  days: readonly Temporal.PlainDate[];
  today: Temporal.PlainDate;
  calendar: Calendar | undefined;
  label: string;
  movable: (item: ShownItem) => boolean;
  onOpen: (id: string) => void;
  onMove: (wanted: Wanted) => void;
  onEventKey: (event: KeyboardEvent<HTMLElement>, item: ShownItem) => void;
  onPick?: ((start: Temporal.Instant) => void) | undefined;
  /** An item whose keyboard move is gathered, shown where it would go. */
  ghost: Wanted | null;
}

const MORNING = 7.5 * 60;

/** Days as columns and the wall clock as rows. */
export function TimeGrid(props: TimeGridProps) {
  const { days, today, calendar, onPick, onOpen } = props;
  const { zone } = usePlace();
  const t = useTranslations("calendar");
  const formats = useFormats();
  const axis = useMemo(() => axisOf(days, zone), [days, zone]);
  const scroller = useRef<HTMLDivElement>(null);
  const columns = useRef<HTMLDivElement>(null);
  const now = useNow();
  const cursorRef = useRef<HTMLButtonElement>(null);
  const cursor = useCursor({ days, today, axis, zone, calendar, onOpen, onPick, ref: cursorRef });
  const drag = useDrag(
    columns,
    { columns: days.length, rows: axis.length },
    (item, part, across, rows) => pulled(axis, days, zone, item, part, across, rows),
    props.onMove,
  );
  const ghost = drag.wanted ?? props.ghost;
  useScrollToMorning(scroller, axis);

  return (
    // The arrows walk the slots: they bubble to here from the cursor, which is a button.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      className="apt-grid"
      ref={scroller}
      role="group"
      aria-label={props.label}
      onKeyDown={cursor.onKeyDown}
    >
      <div className="apt-grid__head">
        <div className="apt-grid__corner" />
        {days.map((day) => (
          <h2 key={day.toString()} className="apt-grid__day" data-today={day.equals(today) || undefined}>
            <span className="apt-grid__weekday" aria-hidden="true">
              {formats.weekday(day)}
            </span>
            <span className="apt-grid__number" aria-hidden="true">
              {day.day}
            </span>
            <span className="apt-hidden">{formats.day(day)}</span>
          </h2>
        ))}
      </div>
      <div className="apt-grid__body" style={{ blockSize: `calc(${axis.length} * var(--apt-minute))` }}>
        <TimeGutter axis={axis} doubled={t("doubled")} />
        <div className="apt-grid__columns" ref={columns}>
          {days.map((day) => (
            <DayColumn
              key={day.toString()}
              day={day}
              axis={axis}
              calendar={calendar}
              today={day.equals(today)}
              now={now}
              ghost={ghost}
              dragged={drag.wanted?.item.id}
              cursor={cursor.at?.day.equals(day) ? cursor : null}
              cursorRef={cursorRef}
              movable={props.movable}
              onOpen={onOpen}
              onGrab={drag.grab}
              onEventKey={props.onEventKey}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

/** Return the present, renewed each half minute. */
function useNow(): Temporal.Instant {
  const [now, setNow] = useState(() => Temporal.Now.instant());
  useEffect(() => {
    const timer = setInterval(() => setNow(Temporal.Now.instant()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function useScrollToMorning(scroller: RefObject<HTMLElement | null>, axis: Axis): void {
  const { length } = axis;
  useEffect(() => {
    const element = scroller.current;
    const body = element?.querySelector<HTMLElement>(".apt-grid__body");
    if (body) element?.scrollTo({ top: (MORNING / length) * body.offsetHeight });
  }, [scroller, length]);
}
