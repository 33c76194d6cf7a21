import type { Appointment } from "@appointments/client";
import { useTranslations } from "use-intl";

interface PeopleProps {
  appointment: Appointment;
  names: ReadonlyMap<string, string>;
  me: string | undefined;
  level: 2 | 3;
}

/** The people of an appointment with their responses; the reason of somebody who declined stands beside it. */
export function People({ appointment, names, me, level }: PeopleProps) {
  const t = useTranslations();
  const Heading = `h${level}` as const;
  const responses = Object.values(appointment.confirmation_status);
  const confirmed = responses.filter((response) => response === "confirmed").length;
  const nameOf = (id: string) => (id === me ? t("common.you") : (names.get(id) ?? "…"));
  return (
    <section className="apt-section">
      <Heading className="apt-section__title">{t("detail.people")}</Heading>
      {responses.length > 0 && (
        <p className="apt-muted">{t("detail.responses", { confirmed, participants: responses.length })}</p>
      )}
      <ul className="apt-people">
        <li>
          <Initials name={names.get(appointment.organizer_id)} />
          <span>{nameOf(appointment.organizer_id)}</span>
          <span className="apt-muted">{t("response.organizer")}</span>
        </li>
        {appointment.participant_ids.map((id) => {
          const response = appointment.confirmation_status[id] ?? "pending";
          return (
            <li key={id}>
              <Initials name={names.get(id)} />
              <span>{nameOf(id)}</span>
              <span className="apt-response" data-response={response}>
                {t(`response.${response}`)}
              </span>
            </li>
          );
        })}
        {(appointment.waiting ?? []).map((id) => (
          <li key={id}>
            <Initials name={names.get(id)} />
            <span>{nameOf(id)}</span>
            <span className="apt-muted">{t("response.waiting")}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Initials({ name = "" }: { name: string | undefined }) {
  const words = name.split(/\s+/).filter(Boolean);
  const initials = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => word?.[0] ?? "").join("");
  return (
    <span className="apt-initials" aria-hidden="true">
      {initials}
    </span>
  );
}
