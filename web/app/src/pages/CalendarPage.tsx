import {
  AppointmentDetail,
  AppointmentsCalendar,
  Dialog,
  readDate,
  todayIn,
  usePlace,
  type View,
} from "@appointments/react";
import { useLocation, useSearchParams } from "wouter";

import type { Texts } from "../texts";
import { useTitle } from "../useTitle";

const VIEWS: readonly string[] = ["week", "day", "month", "agenda"];
const NARROW = "(max-width: 640px)";

/** The calendar. View, date and the opened appointment are in the address: it can be sent to somebody. */
export default function CalendarPage({ texts }: { texts: Texts }) {
  const { zone } = usePlace();
  const [search, setSearch] = useSearchParams();
  const [, navigate] = useLocation();
  useTitle(texts.calendar, texts.name);
  const asked = search.get("view") ?? "";
  const view = (VIEWS.includes(asked) ? asked : matchMedia(NARROW).matches ? "agenda" : "week") as View;
  const date = readDate(search.get("date")) ?? todayIn(zone);
  const opened = search.get("open");
  const show = (id: string | null) =>
    setSearch((now) => {
      if (id) now.set("open", id);
      else now.delete("open");
      return now;
    });
  return (
    <>
      <AppointmentsCalendar
        view={view}
        date={date}
        onShow={(next, on) => navigate(`/calendar?view=${next}&date=${on.toString()}`)}
        onOpen={show}
      />
      {opened && (
        <Dialog label={texts.calendar} onClose={() => show(null)}>
          <AppointmentDetail id={opened} />
        </Dialog>
      )}
    </>
  );
}
