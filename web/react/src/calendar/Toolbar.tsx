import type { Temporal } from "temporal-polyfill";
import { useTranslations } from "use-intl";

import { formatLocale } from "../i18n";
import { usePlace } from "../provider";
import { turned, type View } from "../time/days";
import { cityOf, offsetName } from "../time/format";

const VIEWS: readonly View[] = ["day", "week", "month", "agenda"];

interface ToolbarProps {
  view: View;
  date: Temporal.PlainDate;
  today: Temporal.PlainDate;
  title: string;
  zone: string;
  /** An instant of the shown period: the offset is that of the period, not of today. */
  at: string;
  onShow: (view: View, date: Temporal.PlainDate) => void;
}

export function Toolbar({ view, date, today, title, zone, at, onShow }: ToolbarProps) {
  const t = useTranslations("calendar");
  const { locale } = usePlace();
  return (
    <header className="apt-toolbar">
      <div className="apt-toolbar__title">
        <h1 tabIndex={-1}>{title}</h1>
        <p>{t("zone", { city: cityOf(zone), offset: offsetName(formatLocale(locale), zone, at) })}</p>
      </div>
      <div className="apt-toolbar__actions">
        <div className="apt-group">
          <button
            type="button"
            className="apt-icon-button"
            aria-label={t(`previous.${view}`)}
            onClick={() => onShow(view, turned(view, date, -1))}
          >
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <path d="M10 3.5L5.5 8l4.5 4.5" />
            </svg>
          </button>
          <button type="button" className="apt-button" onClick={() => onShow(view, today)}>
            {t("today")}
          </button>
          <button
            type="button"
            className="apt-icon-button"
            aria-label={t(`next.${view}`)}
            onClick={() => onShow(view, turned(view, date, 1))}
          >
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <path d="M6 3.5L10.5 8 6 12.5" />
            </svg>
          </button>
        </div>
        <div className="apt-switch" role="group" aria-label={t("view")}>
          {VIEWS.map((one) => (
            <button key={one} type="button" aria-pressed={one === view} onClick={() => onShow(one, date)}>
              {t(`views.${one}`)}
            </button>
          ))}
        </div>
      </div>
    </header>
  );
}
