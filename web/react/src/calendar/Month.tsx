import { type Calendar, isItem } from "@appointments/client";
import type { Temporal } from "temporal-polyfill";
import { useTranslations } from "use-intl";

import { useFormats, usePlace } from "../provider";
import { keyOf, listOf } from "./entries";
import { useItemNames } from "./names";

interface MonthProps {
  days: readonly Temporal.PlainDate[];
  month: number;
  today: Temporal.PlainDate;
  calendar: Calendar | undefined;
  label: string;
  onOpen: (id: string) => void;
  onDay: (day: Temporal.PlainDate) => void;
}

const SHOWN = 3;

/** A month as a table of weeks; a day with more than it can show leads to that day. */
export function Month({ days, month, today, calendar, label, onOpen, onDay }: MonthProps) {
  const formats = useFormats();
  const weeks = Array.from({ length: days.length / 7 }, (_, week) => days.slice(week * 7, week * 7 + 7));
  return (
    <table className="apt-month" aria-label={label}>
      <thead>
        <tr>
          {weeks[0]?.map((day) => (
            <th key={day.dayOfWeek} scope="col">
              {formats.weekday(day)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeks.map((week) => (
          <tr key={week[0]?.toString()}>
            {week.map((day) => (
              <td
                key={day.toString()}
                data-other={day.month !== month || undefined}
                data-today={day.equals(today) || undefined}
              >
                <MonthDay day={day} calendar={calendar} onOpen={onOpen} onDay={onDay} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type MonthDayProps = Pick<MonthProps, "calendar" | "onOpen" | "onDay"> & { day: Temporal.PlainDate };

function MonthDay({ day, calendar, onOpen, onDay }: MonthDayProps) {
  const t = useTranslations("calendar");
  const formats = useFormats();
  const names = useItemNames();
  const { zone } = usePlace();
  const items = listOf(calendar, day, zone).filter(isItem);
  const more = items.length - SHOWN;
  return (
    <>
      <button
        type="button"
        className="apt-month__date"
        aria-label={formats.day(day)}
        onClick={() => onDay(day)}
      >
        {day.day}
      </button>
      <ul className="apt-month__items">
        {items.slice(0, more === 1 ? SHOWN + 1 : SHOWN).map((item) => (
          <li key={keyOf(item)}>
            <button
              type="button"
              className="apt-chip"
              data-status={item.status}
              data-mine={item.role === "organizer" || undefined}
              data-response={item.my_status ?? undefined}
              onClick={() => onOpen(item.id)}
            >
              <span className="apt-chip__time" aria-hidden="true">
                {formats.time(item.start_time)}
              </span>
              <span className="apt-chip__title" aria-hidden="true">
                {item.title}
              </span>
              <span className="apt-hidden">{names.full(item, calendar)}</span>
            </button>
          </li>
        ))}
      </ul>
      {more > 1 && (
        <button type="button" className="apt-month__more" onClick={() => onDay(day)}>
          {t("more", { count: more })}
          <span className="apt-hidden">, {formats.day(day)}</span>
        </button>
      )}
    </>
  );
}
