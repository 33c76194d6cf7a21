import { type Calendar, isBusy } from "@appointments/client";
import type { CSSProperties, KeyboardEvent, PointerEvent } from "react";
import { useTranslations } from "use-intl";

import { useFormats } from "../provider";
import type { Axis } from "../time/axis";
import type { Placed } from "../time/columns";
import type { DayEntry } from "./entries";
import { useItemNames } from "./names";

interface EventProps {
  placed: Placed<DayEntry>;
  axis: Axis;
  calendar: Calendar | undefined;
  movable: boolean;
  dragged: boolean;
  onOpen: (id: string) => void;
  onGrab: (event: PointerEvent<HTMLElement>, part: "whole" | "end") => void;
  onKey: (event: KeyboardEvent<HTMLElement>) => void;
}

export function positionOf({ entry, lane, lanes }: Placed<DayEntry>, axis: Axis): CSSProperties {
  const percent = (rows: number) => `${(rows / axis.length) * 100}%`;
  return {
    insetBlockStart: percent(entry.start),
    blockSize: percent(entry.end - entry.start),
    insetInlineStart: `${(lane / lanes) * 100}%`,
    inlineSize: `${100 / lanes}%`,
  };
}

/** An appointment or a busy range in a day's column. */
export function Event({ placed, axis, calendar, movable, dragged, onOpen, onGrab, onKey }: EventProps) {
  const t = useTranslations("calendar");
  const formats = useFormats();
  const names = useItemNames();
  const { entry, start, end, begins, ends } = placed.entry;
  if (isBusy(entry)) {
    const name = entry.user_id ? calendar?.people?.[entry.user_id]?.name : undefined;
    const label = name ? t("busy_of", { name }) : t("busy");
    return (
      <div className="apt-event apt-event--busy" style={positionOf(placed, axis)} title={label}>
        <span className="apt-event__time">
          {label}
          <span className="apt-hidden">, {formats.range(entry.start_time, entry.end_time)}</span>
        </span>
      </div>
    );
  }
  const minutes = end - start;
  return (
    <button
      type="button"
      className="apt-event"
      style={positionOf(placed, axis)}
      data-id={entry.id}
      data-status={entry.status}
      data-mine={entry.role === "organizer" || undefined}
      data-response={entry.my_status ?? undefined}
      data-pending={entry.pending ?? undefined}
      data-size={minutes <= 30 ? "small" : minutes < 60 ? "medium" : "large"}
      data-movable={movable || undefined}
      data-dragged={dragged || undefined}
      data-open-start={!begins || undefined}
      data-open-end={!ends || undefined}
      aria-keyshortcuts={movable ? "Alt+ArrowUp Alt+ArrowDown Alt+ArrowLeft Alt+ArrowRight" : undefined}
      onClick={() => onOpen(entry.id)}
      onPointerDown={movable ? (event) => onGrab(event, "whole") : undefined}
      onKeyDown={onKey}
    >
      <span className="apt-event__title" aria-hidden="true">
        {entry.title}
      </span>
      <span className="apt-event__time" aria-hidden="true">
        <span className="apt-event__range">{formats.range(entry.start_time, entry.end_time)}</span>
        <span className="apt-event__start">{formats.time(entry.start_time)}</span>
      </span>
      <span className="apt-event__people" aria-hidden="true">
        {names.others(entry, calendar)}
      </span>
      <span className="apt-hidden">{names.full(entry, calendar)}</span>
      {movable && ends && (
        <span
          className="apt-event__end"
          onPointerDown={(event) => {
            event.stopPropagation();
            onGrab(event, "end");
          }}
        />
      )}
    </button>
  );
}
