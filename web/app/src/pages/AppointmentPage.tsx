import { AppointmentDetail, useAppointment } from "@appointments/react";
import { Link } from "wouter";

import type { Texts } from "../texts";
import { useTitle } from "../useTitle";

/** One appointment as a page: links in messages lead here. */
export default function AppointmentPage({ id, texts }: { id: string; texts: Texts }) {
  const { data } = useAppointment(id);
  useTitle(data?.title ?? "", texts.name);
  return (
    <div className="app-sheet">
      <Link to={data ? `/calendar?date=${data.start_time.slice(0, 10)}` : "/calendar"} className="app-back">
        ← {texts.to_calendar}
      </Link>
      <AppointmentDetail id={id} level={1} />
    </div>
  );
}
