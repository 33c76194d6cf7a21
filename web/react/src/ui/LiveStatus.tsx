import { useTranslations } from "use-intl";

import { useAppointments } from "../provider";

/** Whether changes arrive as they happen. */
export function LiveStatus() {
  const t = useTranslations("live");
  const { live } = useAppointments();
  return (
    <span className="apt-live" data-state={live} role="status">
      {t(live)}
    </span>
  );
}
