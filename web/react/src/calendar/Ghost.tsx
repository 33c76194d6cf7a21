import { Temporal } from "temporal-polyfill";

import { useFormats } from "../provider";
import { type Axis, rowOf } from "../time/axis";
import type { Wanted } from "./useDrag";

interface GhostProps {
  wanted: Wanted;
  axis: Axis;
  day: Temporal.PlainDate;
  zone: string;
}

/** The place to which an appointment is being moved. */
export function Ghost({ wanted, axis, day, zone }: GhostProps) {
  const formats = useFormats();
  const [start, end] = [Temporal.Instant.from(wanted.start), Temporal.Instant.from(wanted.end)];
  if (!start.toZonedDateTimeISO(zone).toPlainDate().equals(day)) return null;
  const from = rowOf(axis, day, zone, start);
  const to = rowOf(axis, day, zone, end) || axis.length;
  const percent = (rows: number) => `${(rows / axis.length) * 100}%`;
  return (
    <div
      className="apt-event apt-event--ghost"
      aria-hidden="true"
      style={{ insetBlockStart: percent(from), blockSize: percent(Math.max(15, to - from)) }}
    >
      <span className="apt-event__title">{wanted.item.title}</span>
      <span className="apt-event__time">{formats.range(wanted.start, wanted.end)}</span>
    </div>
  );
}
