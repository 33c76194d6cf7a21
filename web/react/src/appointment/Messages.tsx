import { useTranslations } from "use-intl";

import { useDeliveries } from "../data/hooks";
import { useFormats } from "../provider";
import { Problem } from "../ui/Problem";

interface MessagesProps {
  id: string;
  names: ReadonlyMap<string, string>;
  me: string | undefined;
  level: 2 | 3;
}

const BAD = new Set(["failed", "bounced", "dead_lettered", "expired"]);

/** The messages about an appointment and how far each has come; the states change by themselves. */
export function Messages({ id, names, me, level }: MessagesProps) {
  const t = useTranslations();
  const Heading = `h${level}` as const;
  const formats = useFormats();
  const { data: deliveries, error, refetch } = useDeliveries(id);
  if (!deliveries && !error) return null;
  return (
    <section className="apt-section">
      <Heading className="apt-section__title">{t("detail.messages")}</Heading>
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {deliveries?.length === 0 && <p className="apt-muted">{t("detail.no_messages")}</p>}
      <ul className="apt-messages">
        {deliveries?.map((delivery) => (
          <li key={delivery.id}>
            <span>{t(`notification.${delivery.type as "appointment_created"}`)}</span>
            <span className="apt-muted">
              {delivery.recipient_id === me ? t("common.you") : (names.get(delivery.recipient_id) ?? "…")} ·{" "}
              {t(`channel.${delivery.channel}`)}
            </span>
            <span className="apt-state" data-state={BAD.has(delivery.state) ? "bad" : delivery.state}>
              {t(`delivery.${delivery.state}`)}
              <time dateTime={delivery.planned_at}>
                {formats.time(delivery.delivered_at ?? delivery.sent_at ?? delivery.planned_at)}
              </time>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
