import type { Calendar, CalendarItem } from "@appointments/client";
import { Temporal } from "temporal-polyfill";
import { useTranslations } from "use-intl";

import { useFormats, useMe, usePlace } from "../provider";

export interface Names {
  /** An appointment in one sentence, with its date: for screen readers. */
  full: (item: CalendarItem, calendar: Calendar | undefined) => string;
  /** The other people of an appointment, at most two by name. */
  others: (item: CalendarItem, calendar: Calendar | undefined) => string;
}

const NAMED = 2;

export function useItemNames(): Names {
  const t = useTranslations();
  const formats = useFormats();
  const { zone } = usePlace();
  const { data: me } = useMe();

  const others = (item: CalendarItem, calendar: Calendar | undefined): string => {
    const ids = [item.organizer_id, ...item.participant_ids].filter(
      (id, index, all) => all.indexOf(id) === index,
    );
    const names = ids
      .filter((id) => id !== me?.id)
      .map((id) => calendar?.people?.[id]?.name)
      .filter((name) => name !== undefined);
    const more =
      item.counts.participants + 1 - (ids.includes(me?.id ?? "") ? 1 : 0) - Math.min(names.length, NAMED);
    const named = names.slice(0, NAMED);
    return formats.list(
      more > 0 && named.length > 0 ? [...named, t("calendar.more", { count: more })] : named,
    );
  };
  return {
    others,
    full: (item, calendar) => {
      const day = Temporal.Instant.from(item.start_time).toZonedDateTimeISO(zone).toPlainDate();
      const people = others(item, calendar);
      const own = item.my_status && item.role === "participant" ? `, ${t(`response.${item.my_status}`)}` : "";
      return t("calendar.item", {
        title: item.title,
        day: formats.day(day),
        range: formats.range(item.start_time, item.end_time),
        people: people ? t("calendar.with", { people }) : "",
        status: `, ${t(`status.${item.status}`)}${own}`,
      });
    },
  };
}
