import { type Calendar, isBusy } from "@appointments/client";
import type { Temporal } from "temporal-polyfill";
import { useTranslations } from "use-intl";

import { useFormats, usePlace } from "../provider";
import { cityOf, formatsFor } from "../time/format";
import { formatLocale } from "../i18n";
import { type CalendarEntry, keyOf, listOf } from "./entries";
import { useItemNames } from "./names";

interface AgendaProps {
  days: readonly Temporal.PlainDate[];
  today: Temporal.PlainDate;
  calendar: Calendar | undefined;
  onOpen: (id: string) => void;
}

/** The calendar as a list of days: the same as the grid, for small screens, screen readers and print. */
export function Agenda({ days, today, calendar, onOpen }: AgendaProps) {
  const t = useTranslations("calendar");
  const formats = useFormats();
  const { zone } = usePlace();
  const filled = days
    .map((day) => ({ day, entries: listOf(calendar, day, zone) }))
    .filter(({ entries }) => entries.length > 0);
  return (
    <div className="apt-agenda">
      {filled.map(({ day, entries }) => (
        <section key={day.toString()} className="apt-agenda__day" data-today={day.equals(today) || undefined}>
          <h2>
            {formats.day(day)}
            {day.equals(today) && <span className="apt-tag">{t("today")}</span>}
          </h2>
          <ul>
            {entries.map((entry) => (
              <li key={keyOf(entry)}>
                <AgendaEntry entry={entry} calendar={calendar} onOpen={onOpen} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

interface AgendaEntryProps {
  entry: CalendarEntry;
  calendar: Calendar | undefined;
  onOpen: (id: string) => void;
}

function AgendaEntry({ entry, calendar, onOpen }: AgendaEntryProps) {
  const t = useTranslations();
  const formats = useFormats();
  const names = useItemNames();
  const { locale, zone } = usePlace();
  const times = formats.range(entry.start_time, entry.end_time);
  if (isBusy(entry)) {
    const name = entry.user_id ? calendar?.people?.[entry.user_id]?.name : undefined;
    return (
      <div className="apt-row apt-row--busy">
        <span className="apt-row__time">{times}</span>
        <span>{name ? t("calendar.busy_of", { name }) : t("calendar.busy")}</span>
      </div>
    );
  }
  const own = formatsFor(formatLocale(locale), entry.timezone).range(entry.start_time, entry.end_time);
  return (
    <button
      type="button"
      className="apt-row"
      data-id={entry.id}
      data-status={entry.status}
      data-mine={entry.role === "organizer" || undefined}
      data-response={entry.my_status ?? undefined}
      onClick={() => onOpen(entry.id)}
    >
      <span className="apt-row__time" aria-hidden="true">
        {times}
      </span>
      <span className="apt-row__text" aria-hidden="true">
        <span className="apt-row__title">{entry.title}</span>
        <span className="apt-row__more">
          {[names.others(entry, calendar), entry.location].filter(Boolean).join(" · ")}
          {entry.timezone !== zone && own !== times && (
            <span> · {t("calendar.own_zone", { range: own, city: cityOf(entry.timezone) })}</span>
          )}
        </span>
      </span>
      <span className="apt-hidden">{names.full(entry, calendar)}</span>
      <span className="apt-row__status" aria-hidden="true">
        {t(
          entry.role === "participant" && entry.my_status
            ? `response.${entry.my_status}`
            : `status.${entry.status}`,
        )}
      </span>
    </button>
  );
}
