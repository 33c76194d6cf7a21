import { useTranslations } from "use-intl";

/** A calendar that is not known yet. It appears late, so that a fast answer does not flicker. */
export function CalendarSkeleton() {
  const t = useTranslations("common");
  return (
    <div className="apt-skeleton" role="status">
      <span className="apt-hidden">{t("loading")}</span>
      {Array.from({ length: 6 }, (_, row) => (
        <span key={row} aria-hidden="true" />
      ))}
    </div>
  );
}
