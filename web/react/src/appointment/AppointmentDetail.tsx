import type { Appointment } from "@appointments/client";
import { Temporal } from "temporal-polyfill";
import { useTranslations } from "use-intl";

import { useAppointment, useNames } from "../data/hooks";
import { formatLocale } from "../i18n";
import { useFormats, useMe, usePlace } from "../provider";
import { cityOf, formatsFor } from "../time/format";
import { Problem } from "../ui/Problem";
import { Actions } from "./Actions";
import { Messages } from "./Messages";
import { People } from "./People";

export interface AppointmentDetailProps {
  id: string;
  /** 1 where the appointment is the page; 2 within a dialog. */
  level?: 1 | 2;
}

/** One appointment: when, where, with whom, and what one may do with it. */
export function AppointmentDetail({ id, level = 2 }: AppointmentDetailProps) {
  const t = useTranslations();
  const { data: appointment, error, refetch } = useAppointment(id);
  if (error?.code === "not_found") {
    return (
      <div className="apt-empty">
        <strong>{t("detail.gone")}</strong>
        <span>{t("detail.gone_hint")}</span>
      </div>
    );
  }
  if (!appointment && error) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!appointment) return <p className="apt-muted">{t("common.loading")}</p>;
  return <Known appointment={appointment} level={level} />;
}

function Known({ appointment, level }: { appointment: Appointment; level: 1 | 2 }) {
  const Heading = `h${level}` as const;
  const t = useTranslations();
  const { data: me } = useMe();
  const everybody = [
    appointment.organizer_id,
    ...appointment.participant_ids,
    ...(appointment.waiting ?? []),
  ];
  const names = useNames(everybody);
  const mine = me ? appointment.confirmation_status[me.id] : undefined;
  return (
    <article className="apt-detail">
      <header>
        <p className="apt-detail__status" data-status={appointment.status}>
          {t(`status.${appointment.status}`)}
          {appointment.series_id && <span> · {t("detail.series")}</span>}
        </p>
        <Heading className="apt-detail__title">{appointment.title}</Heading>
        <When appointment={appointment} />
      </header>
      {me && <Actions key={appointment.version} appointment={appointment} me={me} response={mine} />}
      <dl className="apt-facts">
        {appointment.location && (
          <>
            <dt>{t("detail.where")}</dt>
            <dd>{appointment.location}</dd>
          </>
        )}
        <Meeting url={appointment.meeting_url} />
        {appointment.description && (
          <>
            <dt>{t("detail.about")}</dt>
            <dd className="apt-prose">{appointment.description}</dd>
          </>
        )}
      </dl>
      <People appointment={appointment} names={names} me={me?.id} level={level === 1 ? 2 : 3} />
      <Messages id={appointment.id} names={names} me={me?.id} level={level === 1 ? 2 : 3} />
    </article>
  );
}

/** The time in the viewer's zone, and in the appointment's own where that is another one. */
function When({ appointment }: { appointment: Appointment }) {
  const t = useTranslations("calendar");
  const formats = useFormats();
  const { locale, zone } = usePlace();
  const { start_time: start, end_time: end, timezone } = appointment;
  const day = Temporal.Instant.from(start).toZonedDateTimeISO(zone).toPlainDate();
  const here = formats.range(start, end);
  const there = formatsFor(formatLocale(locale), timezone).range(start, end);
  return (
    <p className="apt-detail__when">
      <strong>{formats.day(day)}</strong>
      <span>{here}</span>
      {timezone !== zone && there !== here && (
        <span className="apt-muted">{t("own_zone", { range: there, city: cityOf(timezone) })}</span>
      )}
    </p>
  );
}

function Meeting({ url }: { url: string | undefined }) {
  const t = useTranslations("detail");
  if (!url || !/^https?:\/\//i.test(url)) return null;
  return (
    <>
      <dt>{t("online")}</dt>
      <dd>
        <a href={url} target="_blank" rel="noreferrer noopener">
          {t("join")}
        </a>
      </dd>
    </>
  );
}
