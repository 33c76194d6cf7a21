import type { Calendar } from "@appointments/client";
import { useEffect, useRef } from "react";
import { useTranslations } from "use-intl";

import { useNames } from "../data/hooks";
import { errorKey } from "../i18n";
import { useFormats, useMe } from "../provider";
import type { Refused } from "./useMoving";

const SHOWN = 5;

interface ConflictPanelProps extends Refused {
  calendar: Calendar | undefined;
}

/** A refused time: who is busy when, and the nearest times that suit everybody. */
export function ConflictPanel({ wanted, error, onTake, onKeep, calendar }: ConflictPanelProps) {
  const t = useTranslations();
  const formats = useFormats();
  const { data: me } = useMe();
  const panel = useRef<HTMLElement>(null);
  const conflicts = error.problem?.conflicts ?? [];
  const alternatives = (error.problem?.alternatives ?? []).slice(0, SHOWN);
  const names = useNames(conflicts.map(({ user_id: id }) => id));
  useEffect(() => {
    panel.current?.querySelector<HTMLElement>("button")?.focus();
  }, [error]);

  const nameOf = (id: string) =>
    id === me?.id ? t("common.you") : (names.get(id) ?? calendar?.people?.[id]?.name ?? "…");
  return (
    <section className="apt-conflict" role="alertdialog" aria-labelledby="apt-conflict-title" ref={panel}>
      <div>
        <h2 id="apt-conflict-title">{t("conflict.title")}</h2>
        <p>
          {conflicts.length === 0 && `${t(`error.${errorKey(error)}`)} `}
          {t("conflict.refused", {
            title: wanted.item.title,
            when: formats.dateTime(wanted.item.start_time),
          })}
        </p>
        {conflicts.length > 0 && (
          <ul className="apt-conflict__busy">
            {conflicts.slice(0, SHOWN).map((conflict) => (
              <li key={`${conflict.user_id}${conflict.start_time}`}>
                {t("conflict.busy", {
                  name: nameOf(conflict.user_id),
                  range: formats.range(conflict.start_time, conflict.end_time),
                })}
              </li>
            ))}
          </ul>
        )}
      </div>
      <div className="apt-conflict__offers">
        <p>{alternatives.length > 0 ? t("conflict.try") : t("conflict.none")}</p>
        <div className="apt-group">
          {alternatives.map(({ start_time: start, end_time: end }) => (
            <button
              key={start}
              type="button"
              className="apt-button apt-button--accent"
              onClick={() => onTake(start, end)}
            >
              {formats.dateTime(start)}
            </button>
          ))}
          <button type="button" className="apt-button apt-button--quiet" onClick={onKeep}>
            {t("conflict.keep")}
          </button>
        </div>
      </div>
    </section>
  );
}
